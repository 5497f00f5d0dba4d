"""The steps of a removal, done and to come, with their states and details."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from integrations.domain.integrations import Kind
from integrations.domain.removal import Removal, TenantRemoval, UninstallOutcome
from integrations.views.status import to_second
from shared.http.schemas import one_of

_TO_DO = {
    "hidden": "Hide it in your account",
    "fenced": "Stop syncing",
    "data": "Delete the Microsoft data",
    "microsoft": "Remove the application from Microsoft",
    "credential": "Delete the stored credential",
    "forgotten": "Delete the integration and its mappings",
    "verified": "Verify",
}
_DONE = {
    "hidden": "Hidden in your account",
    "fenced": "Syncing stopped",
    "data": "Microsoft data deleted",
    "microsoft": "Application removed from Microsoft",
    "credential": "Stored credential deleted",
    "forgotten": "Integration and mappings deleted",
    "verified": "Verified",
}
_PARTLY_REMOVED = "Application removed where Microsoft allows it"


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """One step; ``state`` is waiting, running, done, skipped or failed.

    Attributes:
        name: The step, for programs.
        label: What is to be done, or has been done, as the page shows it.
        state: How far it is.
        detail: What it has done, or waits for, for people. Empty if there is nothing to say.
        at: When it was done. Null until then.
    """

    name: str
    label: str
    state: Annotated[str, one_of("waiting", "running", "done", "skipped", "failed")]
    detail: str
    at: datetime | None


def steps(removal: Removal, tenant_removals: Iterable[TenantRemoval], quiet: timedelta) -> list[StepView]:
    """Every step of a removal; ``quiet`` is the time between its last step and its verification."""
    tenants = list(tenant_removals)
    every = [
        _step("hidden", removal.requested_at),
        _step("fenced", removal.fenced_at, is_next=True),
        _data(removal, tenants),
        _microsoft(removal, tenants),
        _credential(removal),
        _forgotten(removal),
        _verified(removal, quiet),
    ]
    return every if removal.given_up is None else _failing(every)


def _failing(steps_: list[StepView]) -> list[StepView]:
    """The steps while our own service fails in the first one that is not done."""
    at = next((n for n, it in enumerate(steps_) if it.state == "running"), len(steps_) - 1)
    detail = f"Our service failed at this step. It continues automatically. {steps_[at].detail}".strip()
    return [msgspec.structs.replace(it, detail=detail) if n == at else it for n, it in enumerate(steps_)]


def _step(name: str, at: datetime | None, *, is_next: bool = False, detail: str = "", state: str = "") -> StepView:
    """A step that is done once ``at`` is known; until then it runs when it ``is_next``, and waits otherwise."""
    state = state or ("done" if at else "running" if is_next else "waiting")
    label = _DONE[name] if state == "done" else _TO_DO[name]
    return StepView(name=name, label=label, state=state, detail=detail, at=to_second(at))


def _data(removal: Removal, tenant_removals: list[TenantRemoval]) -> StepView:
    deleted = sum(removal.rows.values()) if removal.swept_at else sum(sum(it.rows.values()) for it in tenant_removals)
    remaining = sum(not it.is_swept for it in tenant_removals) if removal.fenced_at else 0
    detail = f"{deleted} rows deleted."
    if removal.swept_at is None and remaining:
        detail += f" {remaining} of {len(tenant_removals)} tenants remaining."
    return _step("data", removal.swept_at, is_next=removal.fenced_at is not None, detail=detail)


def _microsoft(removal: Removal, tenant_removals: list[TenantRemoval]) -> StepView:
    if removal.left_at is None:
        waiting = sum(it.outcome is UninstallOutcome.WAITING for it in tenant_removals)
        detail = f"{waiting} of {len(tenant_removals)} tenants remaining." if removal.fenced_at else ""
        if removal.tries:
            detail = f"Microsoft is not answering. We try again automatically. {detail}"
        return _step("microsoft", None, is_next=removal.swept_at is not None, detail=detail)
    counts = Counter(removal.outcomes)
    by_hand = counts[UninstallOutcome.IMPOSSIBLE.value] + counts[UninstallOutcome.BY_HAND.value]
    texts = [
        (counts[UninstallOutcome.REMOVED.value], "Removed from {} {}."),
        (
            counts[UninstallOutcome.NO_RIGHTS.value],
            "In {} {} our application has no permissions left; an empty entry remains.",
        ),
        (
            counts[UninstallOutcome.UNCONFIRMED.value],
            "In {} {} its permissions were removed, and we are verifying that they are gone.",
        ),
        (counts[UninstallOutcome.ABSENT.value], "No longer present in {} {}."),
        (counts[UninstallOutcome.KEPT.value], "Left unchanged in {} {}."),
        (by_hand, "Left to do by hand in {} {}."),
    ]
    detail = " ".join(text.format(number, "tenant" if number == 1 else "tenants") for number, text in texts if number)
    state = "failed" if counts[UninstallOutcome.IMPOSSIBLE.value] else "done"
    step = _step("microsoft", removal.left_at, detail=detail, state=state)
    return msgspec.structs.replace(step, label=_PARTLY_REMOVED) if by_hand and state == "done" else step


def _credential(removal: Removal) -> StepView:
    if removal.kind is Kind.SINGLE:
        detail = "A single tenant integration has no stored credential."
        return _step("credential", None, detail=detail, state="skipped")
    return _step("credential", removal.destroyed_at, is_next=removal.left_at is not None)


def _forgotten(removal: Removal) -> StepView:
    is_next = removal.destroyed_at is not None and removal.swept_at is not None
    detail = "The tenant can be integrated again." if removal.forgotten_at else ""
    return _step("forgotten", removal.forgotten_at, is_next=is_next, detail=detail)


def _verified(removal: Removal, quiet: timedelta) -> StepView:
    if removal.verified_at:
        detail = (
            "Nothing is left." if not removal.late_rows else f"{removal.late_rows} late rows were found and deleted."
        )
        return _step("verified", removal.verified_at, detail=detail)
    minutes = round(quiet.total_seconds() / 60)
    detail = f"{minutes} minutes after the last step we verify that no data came back."
    return _step("verified", None, detail=detail)
