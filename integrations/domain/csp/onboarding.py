"""How far our application is in a customer's tenant: consent, then application roles, then a call that works.

    WAITING ──► ASKED ──► GRANTED ──► DONE
                  └───────────┴──────► REFUSED ──retry──► ASKED

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
    ASKED = "asked"
    GRANTED = "granted"
    DONE = "done"
    REFUSED = "refused"


# How long a stage may last before the page marks it as stalled, and before it counts as refused.
STALLED_AFTER = {Stage.ASKED: timedelta(minutes=15), Stage.GRANTED: timedelta(minutes=45)}
_GIVEN_UP_AFTER = {Stage.ASKED: timedelta(minutes=30), Stage.GRANTED: timedelta(minutes=90)}


class Onboarding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where one customer stands.

    ``since`` is when the stage began; ``tries`` counts refusals in a row, ``looks`` those within a stage;
    ``permissions`` is the version of our permission list that was granted; ``is_pushed_again`` tells that a
    stalled stage was pushed once more, ``is_unclear`` that a refusal says nothing about consent. ``given_up`` is there
    while our own service failed in the step that is due; ``hindrance`` is what a refusal is known to lie in.
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
    Stage.ASKED: Consent.IN_FLIGHT,
    Stage.GRANTED: Consent.ROLES_NOT_VISIBLE,
    Stage.DONE: Consent.DONE,
    Stage.REFUSED: Consent.REFUSED,
}


def begin(now: datetime) -> Onboarding:
    """A customer that was just discovered: nothing is asked before its relationship works."""
    return Onboarding(stage=Stage.WAITING, since=now)


def plan(it: Onboarding, now: datetime, *, works_from: datetime | None, permissions: str) -> Onboarding:
    """Say when the next step is due, given from when on the partner's roles work (None: they do not)."""
    if works_from is None:
        return msgspec.structs.replace(it, next_at=None, given_up=None)
    if it.stage is Stage.WAITING:
        return msgspec.structs.replace(it, next_at=it.next_at or max(now, works_from + NEW_RELATIONSHIP))
    if it.stage is Stage.DONE:
        is_short = it.permissions != permissions
        return msgspec.structs.replace(it, next_at=(it.next_at or now) if is_short else None)
    return it if it.next_at else msgspec.structs.replace(it, next_at=now)


def wait(
    it: Onboarding, stage: Stage, now: datetime, evidence: dict[str, str], hindrance: Hindrance | None = None
) -> Onboarding:
    """The step was taken, but does not show yet: look again soon, push once more, or in the end give up.

    ``hindrance`` is what it then counts as refused for.
    """
    if it.stage is Stage.DONE:  # a top-up: what works goes on working
        return msgspec.structs.replace(it, next_at=now + ONBOARDING_PROPAGATION.last, evidence=evidence)
    is_new = it.stage is not stage
    since = now if is_new else it.since
    if now - since >= _GIVEN_UP_AFTER[stage]:
        return refuse(it, now, evidence, hindrance=hindrance)
    looks = 0 if is_new else it.looks + 1
    pause = ONBOARDING_PROPAGATION.after(looks)
    return msgspec.structs.replace(
        it,
        stage=stage,
        since=since,
        looks=looks,
        next_at=now + pause,
        evidence=evidence,
        is_pushed_again=not is_new and (it.is_pushed_again or now - since >= STALLED_AFTER[stage]),
        hindrance=None,
    )


def refuse(
    it: Onboarding,
    now: datetime,
    evidence: dict[str, str],
    *,
    is_unclear: bool = False,
    hindrance: Hindrance | None = None,
) -> Onboarding:
    """Microsoft refused: tried again after 5, 15, 30 and 60 minutes, then every six hours."""
    pause = ONBOARDING_REFUSED.after(it.tries)
    if it.stage is Stage.DONE:
        return msgspec.structs.replace(it, next_at=now + ONBOARDING_REFUSED.last, evidence=evidence)
    since = it.since if it.stage is Stage.REFUSED else now
    return Onboarding(
        stage=Stage.REFUSED,
        since=since,
        next_at=now + pause,
        tries=it.tries + 1,
        evidence=evidence,
        is_unclear=is_unclear,
        hindrance=hindrance,
    )


def finish(now: datetime, permissions: str) -> Onboarding:
    """Everything shows and works."""
    return Onboarding(stage=Stage.DONE, since=now, permissions=permissions)


def lapse(now: datetime, evidence: dict[str, str]) -> Onboarding:
    """What worked was taken away at Microsoft: ask again."""
    return Onboarding(
        stage=Stage.REFUSED, since=now, next_at=now + ONBOARDING_REFUSED.after(0), tries=1, evidence=evidence
    )


def must_push(it: Onboarding, now: datetime) -> bool:
    """Whether the consent is pushed in this step: at first, after a refusal, once when it stalls, at a top-up."""
    stalled_once = it.stage in STALLED_AFTER and it.is_stalled(now) and not it.is_pushed_again
    return it.stage in {Stage.WAITING, Stage.REFUSED, Stage.DONE} or stalled_once
