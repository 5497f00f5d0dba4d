"""Timer triggers: one host listens, occurrences are written down, what was missed runs once.

Sources: azure-webjobs-sdk-extensions TimerListener.cs and ScheduleMonitor.cs.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from azure.core.exceptions import AzureError

from local.host.index import Function
from local.host.invoke import Invoker, Outcome, timer_request
from local.host.ncrontab import schedule
from local.host.storage import Lease, Storage, TimerStatus

log = logging.getLogger("local.host")

_RETRY_LEASE_S = 5.0
_RENEW_S = 5.0
_SHORTEST_MONITORED = timedelta(minutes=1)
Clock = Callable[[], datetime]


class TimerRunner:
    """One timer: what it is given, and what is written down after it ran."""

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
        self.next_after = schedule(str(function.told["schedule"]))
        self._invoker = invoker
        self._publish = publish
        self._clock = clock
        self.status = TimerStatus(storage, host_id, function.name) if self._is_monitored() else None

    def _is_monitored(self) -> bool:
        """Schedules that fire more than once a minute are not monitored, whatever was asked."""
        first = self.next_after(self._clock())
        asked = self.function.told.get("useMonitor") is not False
        return asked and self.next_after(first) - first >= _SHORTEST_MONITORED

    def first_due(self) -> tuple[datetime, bool]:
        """When it runs first, and whether that is a run that was missed."""
        now = self._clock()
        following = self.next_after(now)
        known = self.status.read() if self.status else None
        if known and self.status:
            last, planned = datetime.fromisoformat(known["Last"]), datetime.fromisoformat(known["Next"])
            if self.next_after(last) != planned:
                log.info("%s: the schedule has changed", self.function.name)
            elif now > planned:
                return now, True
        if self.status:
            self.status.write(now, following, now)
        return (now, False) if self.function.told.get("runOnStartup") else (following, False)

    def run(self, scheduled: datetime, *, past_due: bool) -> datetime:
        """Run it once; returns the next occurrence. A failing function does not stop its schedule."""
        known = self.status.read() if self.status else None
        invoked = self._clock()
        try:
            self._publish(self._invoker.run(self.function, timer_request(past_due=past_due, status=known)))
        except Exception:
            log.exception("%s failed", self.function.name)
        following = self.next_after(max(invoked, scheduled))
        if self.status:
            self.status.write(max(invoked, scheduled), following, self._clock())
        return following


class TimerListener:
    """Waits for a timer's lease, then for its occurrences; runs of one timer never overlap."""

    def __init__(self, runner: TimerRunner, lease: Lease, clock: Clock) -> None:
        self._runner = runner
        self._lease = lease
        self._clock = clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"timer-{runner.function.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float) -> None:
        self._stopping.set()
        self._thread.join(within_s)
        self._lease.release()

    def _listen(self) -> None:
        while not self._stopping.is_set():
            if not self._lease.hold():
                self._stopping.wait(_RETRY_LEASE_S)
                continue
            try:
                self._keep_time()
            except AzureError as error:
                log.warning("%s: storage does not answer: %s", self._runner.function.name, type(error).__name__)
                self._stopping.wait(_RETRY_LEASE_S)

    def _keep_time(self) -> None:
        due, past_due = self._runner.first_due()
        while self._wait_until(due):
            due = self._runner.run(due, past_due=past_due)
            past_due = False

    def _wait_until(self, due: datetime) -> bool:
        """True when the time has come; False when the lease is lost or the host stops."""
        while not self._stopping.is_set():
            left_s = (due - self._clock()).total_seconds()
            if left_s <= 0:
                return True
            self._stopping.wait(min(left_s, _RENEW_S))
            if not self._lease.hold():
                return False
        return False


def utc_now() -> datetime:
    return datetime.now(UTC)
