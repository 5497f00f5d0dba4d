"""Timer triggers: one host listens, occurrences are written down, what was missed runs once.

Source: azure-webjobs-sdk-extensions TimerListener.cs and ScheduleMonitor.cs.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError

from local.host.convert import timer_datum
from local.host.index import Function
from local.host.invoke import Given, Invoker, Outcome
from local.host.loading import IndexingError
from local.host.ncrontab import Schedule, ScheduleError
from local.host.storage import NEVER, Lease, Status, Storage, TimerStatus

log = logging.getLogger("local.host")

RETRY_LEASE_S = 5.0
_LOOK_S = 1.0  # how often a waiting listener looks at its lease, and at a clock that was moved
_SHORTEST_MONITORED = timedelta(minutes=1)
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
        publish: Callable[[Outcome], None],
        host_id: str,
        clock: Clock,
    ) -> None:
        self.function = function
        self._invoker = invoker
        self._publish = publish
        self._clock = clock
        try:
            self.schedule = Schedule(str(function.told["schedule"]))
            monitored = self._is_monitored()
        except ScheduleError as error:
            raise IndexingError(f"{function.name}: {error}") from error
        self._kept = TimerStatus(storage, host_id, function.name) if monitored else None
        self._status: Status | None = None

    def _is_monitored(self) -> bool:
        """Schedules that fire more than once a minute are not monitored, whatever was asked."""
        first = self.schedule.next_after(self._clock())
        often = self.schedule.next_after(first) - first < _SHORTEST_MONITORED
        return self.function.told.get("useMonitor") is not False and not often

    def first_due(self) -> tuple[datetime, bool]:
        """When it runs first, and whether that run was missed; several missed ones are one."""
        now = self._clock()
        self._status = self._checked(now)
        if now > self._status.following:
            return now, True
        return (now if self.function.told.get("runOnStartup") else self._status.following), False

    def _checked(self, now: datetime) -> Status:
        """The recorded status, begun anew when there is none or its schedule has changed since."""
        known = self._kept.read() if self._kept else None
        if known is None:
            return self._keep(Status(NEVER, self.schedule.next_after(now), now))
        reckoned_at = next((at for at in (known.last, known.updated) if at > NEVER), now)
        expected = self.schedule.next_after(reckoned_at)
        if expected == known.following:
            return known
        log.info("%s: the schedule has changed", self.function.name)
        if now > expected:  # an occurrence that nobody promised is not past due
            reckoned_at, expected = now, self.schedule.next_after(now)
        return self._keep(Status(NEVER, expected, reckoned_at))

    def run(self, *, past_due: bool = False, early_until: datetime | None = None) -> datetime:
        """Run it once; returns the next occurrence. A failing function does not stop its schedule.

        Args:
            past_due: what the function is told.
            early_until: the occurrence this run stands for, when the clock may be a little before it.
        """
        invoked = self._clock()
        try:
            self.call(past_due=past_due)
        except Exception:
            log.exception("%s failed", self.function.name)
        counted = max(invoked, early_until) if early_until else invoked
        self._status = self._keep(Status(counted, self.schedule.next_after(counted), counted))
        return self._status.following

    def call(self, *, past_due: bool) -> None:
        """Run the function and send what it put out; raises what it raises."""
        told = self._status.told() if self._status and self._kept else None
        datum = timer_datum(past_due=past_due, status=told, adjusts=self.schedule.is_cron)
        self._publish(self._invoker.run(self.function, Given(datum)))

    def _keep(self, status: Status) -> Status:
        if self._kept:
            self._kept.write(status)
        return status


class TimerListener:
    """Waits for a timer's lease, then for its occurrences; runs of one timer never overlap."""

    def __init__(self, runner: TimerRunner, lease: Lease, clock: Clock, *, retry_s: float = RETRY_LEASE_S) -> None:
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
            self._stopping.wait(min(left_s, _LOOK_S))
        return False
