"""Installing our application in a customer's tenant: consent, then application roles, then a call that works.

    WAITING ──► REQUESTED ──► GRANTED ──► DONE
                    └───────────┴──────► REFUSED ──retry──► REQUESTED

Each step is idempotent at Microsoft, so a step that is repeated after a crash changes nothing (product rules
B18-B20).
"""

from datetime import datetime, timedelta
from enum import Enum

import msgspec

from integrations.domain.csp.gdap import Consent
from integrations.domain.jobs.given_up import GivenUp
from integrations.domain.refusals import Hindrance
from integrations.domain.retry_delays import NEW_RELATIONSHIP, ONBOARDING_PROPAGATION, ONBOARDING_REFUSED


class Stage(Enum):
    WAITING = "waiting"
    REQUESTED = "asked"  # the stored value is the first version's
    GRANTED = "granted"
    DONE = "done"
    REFUSED = "refused"


# How long a stage may last before the page marks it as stalled, and before it counts as refused.
STALLED_AFTER = {Stage.REQUESTED: timedelta(minutes=15), Stage.GRANTED: timedelta(minutes=45)}
_GIVEN_UP_AFTER = {Stage.REQUESTED: timedelta(minutes=30), Stage.GRANTED: timedelta(minutes=90)}


class Onboarding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The progress of one customer.

    ``since`` is when the stage began; ``tries`` counts refusals in a row, ``looks`` checks within a stage;
    ``permissions`` is the version of our permission list that was granted. ``is_pushed_again``: a stalled stage was
    requested once more. ``is_unclear``: a refusal says nothing about consent. ``given_up`` is set while our own
    service fails in the step that is due; ``hindrance`` is the known reason of a refusal.
    """

    stage: Stage
    since: datetime
    next_at: datetime | None = None
    tries: int = 0
    looks: int = 0
    evidence: dict[str, str] = {}
    permissions: str = ""
    is_pushed_again: bool = False
    is_unclear: bool = False
    given_up: GivenUp | None = None
    hindrance: Hindrance | None = None

    @property
    def consent(self) -> Consent:
        return Consent.UNCLEAR if self.is_unclear else _CONSENT_OF[self.stage]

    def is_due(self, now: datetime) -> bool:
        return self.next_at is not None and self.next_at <= now

    def is_stalled(self, now: datetime) -> bool:
        limit = STALLED_AFTER.get(self.stage)
        return limit is not None and now - self.since >= limit


_CONSENT_OF = {
    Stage.WAITING: Consent.IN_FLIGHT,
    Stage.REQUESTED: Consent.IN_FLIGHT,
    Stage.GRANTED: Consent.ROLES_NOT_VISIBLE,
    Stage.DONE: Consent.DONE,
    Stage.REFUSED: Consent.REFUSED,
}


def begin(now: datetime) -> Onboarding:
    """A newly discovered customer: consent is not requested before its relationship works."""
    return Onboarding(stage=Stage.WAITING, since=now)


def plan(progress: Onboarding, now: datetime, *, effective_at: datetime | None, permissions: str) -> Onboarding:
    """With the time of the next step. ``effective_at`` is since when the partner's roles work; None: they do not."""
    if effective_at is None:
        return msgspec.structs.replace(progress, next_at=None, given_up=None)
    if progress.stage is Stage.WAITING:
        return msgspec.structs.replace(progress, next_at=progress.next_at or max(now, effective_at + NEW_RELATIONSHIP))
    if progress.stage is Stage.DONE:
        is_short = progress.permissions != permissions
        return msgspec.structs.replace(progress, next_at=(progress.next_at or now) if is_short else None)
    return progress if progress.next_at else msgspec.structs.replace(progress, next_at=now)


def wait(
    progress: Onboarding, stage: Stage, now: datetime, evidence: dict[str, str], hindrance: Hindrance | None = None
) -> Onboarding:
    """The step was taken but is not visible yet: check again soon, request it once more, and in the end give up.

    ``hindrance`` is the reason of the refusal that giving up records.
    """
    if progress.stage is Stage.DONE:  # permissions were added: what works keeps working
        return msgspec.structs.replace(progress, next_at=now + ONBOARDING_PROPAGATION.last, evidence=evidence)
    is_new = progress.stage is not stage
    since = now if is_new else progress.since
    if now - since >= _GIVEN_UP_AFTER[stage]:
        return refuse(progress, now, evidence, hindrance=hindrance)
    looks = 0 if is_new else progress.looks + 1
    pause = ONBOARDING_PROPAGATION.after(looks)
    return msgspec.structs.replace(
        progress,
        stage=stage,
        since=since,
        looks=looks,
        next_at=now + pause,
        evidence=evidence,
        is_pushed_again=not is_new and (progress.is_pushed_again or now - since >= STALLED_AFTER[stage]),
        hindrance=None,
    )


def refuse(
    progress: Onboarding,
    now: datetime,
    evidence: dict[str, str],
    *,
    is_unclear: bool = False,
    hindrance: Hindrance | None = None,
) -> Onboarding:
    """Microsoft refused: the step is retried by ``ONBOARDING_REFUSED``."""
    pause = ONBOARDING_REFUSED.after(progress.tries)
    if progress.stage is Stage.DONE:
        return msgspec.structs.replace(progress, next_at=now + ONBOARDING_REFUSED.last, evidence=evidence)
    since = progress.since if progress.stage is Stage.REFUSED else now
    return Onboarding(
        stage=Stage.REFUSED,
        since=since,
        next_at=now + pause,
        tries=progress.tries + 1,
        evidence=evidence,
        is_unclear=is_unclear,
        hindrance=hindrance,
    )


def finish(now: datetime, permissions: str) -> Onboarding:
    """Everything is visible and works."""
    return Onboarding(stage=Stage.DONE, since=now, permissions=permissions)


def lapse(now: datetime, evidence: dict[str, str]) -> Onboarding:
    """The consent or its roles were revoked at Microsoft: request them again."""
    return Onboarding(
        stage=Stage.REFUSED, since=now, next_at=now + ONBOARDING_REFUSED.after(0), tries=1, evidence=evidence
    )


def must_request_consent(progress: Onboarding, now: datetime) -> bool:
    """Whether this step requests consent: at first, after a refusal, once when stalled, or for added permissions."""
    stalled_once = progress.stage in STALLED_AFTER and progress.is_stalled(now) and not progress.is_pushed_again
    return progress.stage in {Stage.WAITING, Stage.REFUSED, Stage.DONE} or stalled_once
