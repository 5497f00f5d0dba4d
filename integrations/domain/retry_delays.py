"""How long each kind of work waits before it is tried again. Pure.

The few seconds within one request are ``shared``'s: ``shared.microsoft.graph.retry_policy`` for Graph and
``shared.storage.retries`` for storage.
"""

from datetime import timedelta
from typing import NamedTuple


class Delays(NamedTuple):
    """The pause after each try, from the first; ``last`` is the one after all further tries."""

    steps: tuple[timedelta, ...]
    last: timedelta

    def after(self, tries: int) -> timedelta:
        """The pause after so many tries in a row before this one; 0 is the first."""
        return self.steps[tries] if tries < len(self.steps) else self.last


def _seconds(*steps: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=step) for step in steps)


def _minutes(*steps: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=step) for step in steps)


RETRY_AFTER_LONGEST = timedelta(minutes=15)  # what Microsoft asks us to wait is respected up to here
REFUSED_CREDENTIAL_LONGEST = timedelta(hours=6)
GIVEN_UP_FIRST = timedelta(minutes=5)  # work that failed too often; doubles up to the period of its kind
EVALUATION_LONGEST = timedelta(hours=6)
SUBSCRIPTION = timedelta(hours=6)  # Microsoft's change notifications, which are a help and no need

ONBOARDING_REFUSED = Delays(_minutes(5, 15, 30, 60), timedelta(hours=6))
ONBOARDING_PROPAGATION = Delays(_seconds(15, 30, 60, 120), timedelta(minutes=5))
ONBOARDING_TRANSIENT = timedelta(minutes=2)
NEW_RELATIONSHIP = timedelta(minutes=15)  # Microsoft needs as long until a new relationship works everywhere

UNINSTALL = Delays(_seconds(30, 60, 120), timedelta(minutes=5))
UNINSTALL_GIVEN_UP = timedelta(hours=24)  # from the removal's start; then it is left to be done by hand
UNINSTALL_LEASE = timedelta(minutes=2)  # meanwhile no other integration can be connected to the tenant
LEFTOVERS = _minutes(1, 5, 15, 60, 6 * 60)  # after a removal's end; then once a day
LEFTOVERS_LATER = timedelta(days=1)


def refused_credential(failures: int, period: timedelta) -> timedelta:
    """How long a refused credential rests: one period, doubling up to six hours."""
    return min(period * (1 << min(max(failures - 1, 0), 8)), REFUSED_CREDENTIAL_LONGEST)


def given_up(times: int, longest: timedelta) -> timedelta:
    """The pause after work was given up for the ``times``-th time in a row: 5 minutes, doubling up to ``longest``."""
    return min(GIVEN_UP_FIRST * (1 << min(times - 1, 8)), longest)


def consent_propagation_s(attempt: int) -> int:
    """Seconds before the next look whether a fresh consent is visible: 2, 4, 8, 16, then every 30."""
    return min(1 << min(attempt, 5), 30)
