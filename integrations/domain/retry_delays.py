"""How long each kind of work waits before it is retried, and how long a Retry-After is respected. Pure.

There are two levels. A Retry-After of a few seconds is waited for within the request, by the ``RetryPolicy`` of
``shared.microsoft.graph.retry_policy`` (plumbing with a default for background work) or by ``interactive`` below. A
longer one ends the request, and the work waits in the due list or the queue, up to ``RETRY_AFTER_LONGEST``. Retries of
storage are ``shared.storage.retries``'s.
"""

from dataclasses import replace
from datetime import timedelta
from typing import NamedTuple

from shared.microsoft.graph import RetryPolicy


class Delays(NamedTuple):
    """The delay after each try, from the first; ``last`` is the one after all further tries."""

    steps: tuple[timedelta, ...]
    last: timedelta

    def after(self, tries: int) -> timedelta:
        """The delay after a try that so many others in a row came before; 0 is the first."""
        return self.steps[tries] if tries < len(self.steps) else self.last


def _seconds(*steps: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=step) for step in steps)


def _minutes(*steps: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=step) for step in steps)


RETRY_AFTER_LONGEST = timedelta(minutes=15)  # a longer Retry-After of Microsoft's is shortened to this
REFUSED_CREDENTIAL_LONGEST = timedelta(hours=6)
GIVEN_UP_FIRST = timedelta(minutes=5)  # work that failed too often; doubles up to the period of its kind
EVALUATION_LONGEST = timedelta(hours=6)
SUBSCRIPTION = timedelta(hours=6)  # Microsoft's change notifications, which sync works without
CSP_TRANSIENT = timedelta(minutes=5)  # a CSP's run that failed with a transient error
BETWEEN_PARTS_LONGEST = timedelta(minutes=5)  # of one run, which has claimed the tenant meanwhile
EVERYBODY_PLANNED = timedelta(days=1)  # a tenant's users are, at least so often: our own rules may have changed
OVERLAP = timedelta(seconds=10)  # an order that came while another run works on the tenant
LATE_ENTRIES = timedelta(minutes=30)  # audit entries may be written late: sealing is repeated
REFUSED_MAILBOX = timedelta(days=5)  # one mailbox that Exchange does not let us read, or that does not exist
REFUSED_DEVICE = timedelta(days=5)  # one device whose users Intune does not let us read, or that is not there

ONBOARDING_REFUSED = Delays(_minutes(5, 15, 30, 60), timedelta(hours=6))
ONBOARDING_PROPAGATION = Delays(_seconds(15, 30, 60, 120), timedelta(minutes=5))
ONBOARDING_TRANSIENT = timedelta(minutes=2)
NEW_RELATIONSHIP = timedelta(minutes=15)  # until a new relationship works everywhere at Microsoft

REMOVAL_LOST = timedelta(minutes=1)  # when the reconciler continues a removal whose message was lost
MOVE_LOST = timedelta(minutes=2)  # when the reconciler finishes a move of End Users that a dead process began
UNINSTALL = Delays(_seconds(30, 60, 120), timedelta(minutes=5))
UNINSTALL_GIVEN_UP = timedelta(hours=24)  # from the removal's start; then it must be done by hand
UNINSTALL_LEASE = timedelta(minutes=2)  # meanwhile no other integration can be connected to the tenant
LEFTOVERS = _minutes(1, 5, 15, 60, 6 * 60)  # after a removal's end; then once a day
LEFTOVERS_LATER = timedelta(days=1)

# Retry-After of our own responses, in seconds.
RETRY_IN_PROGRESS_S = 2.0  # the first request with the same Idempotency-Key is still being handled
RETRY_VERIFICATION_S = 3.0  # the sign-in is still being verified
RETRY_REMOVAL_S = 60.0  # the integration, or an earlier one of the tenant, is being removed


def interactive(policy: RetryPolicy) -> RetryPolicy:
    """A policy for requests that a browser waits for: a clear refusal soon is better than a page that hangs."""
    return replace(policy, tries=2, max_wait_s=1.0, call_s=5.0)


def refused_credential(failures: int, period: timedelta) -> timedelta:
    """How long a refused credential is not used: one period, doubling up to six hours."""
    return min(period * (1 << min(max(failures - 1, 0), 8)), REFUSED_CREDENTIAL_LONGEST)


def given_up(times: int, longest: timedelta) -> timedelta:
    """The delay after work was given up ``times`` times in a row: 5 minutes, doubling up to ``longest``."""
    return min(GIVEN_UP_FIRST * (1 << min(times - 1, 8)), longest)


def consent_propagation_s(attempt: int) -> int:
    """Seconds before the next check whether a new consent is visible: 2, 4, 8, 16, then every 30."""
    return min(1 << min(attempt, 5), 30)
