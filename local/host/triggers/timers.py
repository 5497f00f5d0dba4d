"""Timer triggers: one host listens, occurrences are written down, what was missed runs once.

Source: azure-webjobs-sdk-extensions TimerListener.cs and ScheduleMonitor.cs.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError

from local.host.indexing.index import Function
from local.host.indexing.loading import IndexingError
from local.host.invocation.conversion import timer_datum
from local.host.invocation.invoker import InvocationResult, Invoker, TriggerInput
from local.host.storage import NEVER, ScheduleStatus, ScheduleStatusStore, SingletonLease, Storage
from local.host.triggers.ncrontab import Schedule, ScheduleError

log = logging.getLogger("local.host")

RETRY_LEASE_S = 5.0
_CHECK_S = 1.0  # how often a waiting listener looks at its lease, and at a clock that was moved
_MIN_MONITORED = timedelta(minutes=1)
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    return datetime.now(UTC)


class TimerRunner:
    """One timer: what it is given, and what is written down after it ran.

    Raises:
        IndexingError: its schedule is none.
    """

    def __init__(
        self,
        function: Function,
        storage: Storage,
        invoker: Invoker,
        publish: Callable[[InvocationResult], None],
        host_id: str,
        clock: Clock,
    ) -> None:
        self.function = function
        self._invoker = invoker
        self._publish = publish
        self._clock = clock
        try:
            self.schedule = Schedule(str(function.trigger_settings["schedule"]))
            monitored = self._is_monitored()
        except ScheduleError as error:
            raise IndexingError(f"{function.name}: {error}") from error
        self._store = ScheduleStatusStore(storage, host_id, function.name) if monitored else None
        self._status: ScheduleStatus | None = None

    def _is_monitored(self) -> bool:
        """Schedules that fire more than once a minute are not monitored, whatever was asked."""
        first = self.schedule.next_after(self._clock())
        often = self.schedule.next_after(first) - first < _MIN_MONITORED
        return self.function.trigger_settings.get("useMonitor") is not False and not often

    def first_due(self) -> tuple[datetime, bool]:
        """When it runs first, and whether that run was missed; several missed ones are one."""
        now = self._clock()
        self._status = self._recorded_status(now)
        if now > self._status.next_due:
            return now, True
        return (now if self.function.trigger_settings.get("runOnStartup") else self._status.next_due), False

    def _recorded_status(self, now: datetime) -> ScheduleStatus:
        """The recorded status, begun anew when there is none or its schedule has changed since."""
        stored = self._store.read() if self._store else None
        if stored is None:
            return self._save(ScheduleStatus(NEVER, self.schedule.next_after(now), now))
        calculated_from = next((at for at in (stored.last, stored.updated) if at > NEVER), now)
        expected = self.schedule.next_after(calculated_from)
        if expected == stored.next_due:
            return stored
        log.info("%s: the schedule has changed", self.function.name)
        if now > expected:  # an occurrence that nobody promised is not past due
            calculated_from, expected = now, self.schedule.next_after(now)
        return self._save(ScheduleStatus(NEVER, expected, calculated_from))

    def run(self, *, past_due: bool = False, early_until: datetime | None = None) -> datetime:
        """Run it once; returns the next occurrence. A failing function does not stop its schedule.

        Args:
            past_due: the function's ``timer.past_due``.
            early_until: the occurrence this run stands for, when the clock may be a little before it.
        """
        invoked = self._clock()
        try:
            self.call(past_due=past_due)
        except Exception:
            log.exception("%s failed", self.function.name)
        counted = max(invoked, early_until) if early_until else invoked
        self._status = self._save(ScheduleStatus(counted, self.schedule.next_after(counted), counted))
        return self._status.next_due

    def call(self, *, past_due: bool) -> None:
        """Run the function and send what it put out; raises what it raises."""
        schedule_status = self._status.to_json() if self._status and self._store else None
        datum = timer_datum(past_due=past_due, status=schedule_status, adjusts=self.schedule.is_cron)
        self._publish(self._invoker.run(self.function, TriggerInput(datum)))

    def _save(self, status: ScheduleStatus) -> ScheduleStatus:
        if self._store:
            self._store.write(status)
        return status


class TimerListener:
    """Waits for a timer's lease, then for its occurrences; runs of one timer never overlap."""

    def __init__(
        self, runner: TimerRunner, lease: SingletonLease, clock: Clock, *, retry_s: float = RETRY_LEASE_S
    ) -> None:
        self._runner = runner
        self._retry_s = retry_s
        self._lease = lease
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"timer-{runner.function.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Start no further run."""
        self._stopping.set()

    def join(self, within_s: float) -> bool:
        """Wait for a run that is under way, then let another host listen; False when it still runs."""
        if self._thread.ident is not None:
            self._thread.join(within_s)
        self._lease.release()
        return not self._thread.is_alive()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            try:
                if self._lease.is_held or self._lease.acquire():
                    self._keep_time()
                    continue
            except AzureError as error:
                log.warning("%s: storage does not answer: %s", self._runner.function.name, type(error).__name__)
            except ValueError:  # a closed client: the host stopped while storage was slow to answer
                if not self._stopping.is_set():
                    raise
            self._stopping.wait(self._retry_s)

    def _keep_time(self) -> None:
        """Run at every occurrence, until the lease is lost or the host stops."""
        due, past_due = self._runner.first_due()
        while self._wait_until(due):
            due = self._runner.run(past_due=past_due, early_until=None if past_due else due)
            past_due = False

    def _wait_until(self, due: datetime) -> bool:
        while not self._stopping.is_set() and self._lease.is_held:
            left_s = (due - self._clock()).total_seconds()
            if left_s <= 0:
                return True
            self._stopping.wait(min(left_s, _CHECK_S))
        return False
