"""What the page shows of CSPs: their rows, CSP Auth in words and colours, and where each role comes from."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.domain.csp.customers import AccessState, child_of, children
from integrations.domain.csp.gdap import (
    CspAuth,
    Finding,
    GroupFault,
    Relationship,
    RoleId,
    holds,
)
from integrations.domain.csp.onboarding import Stage
from integrations.domain.csp.report import FAULTS, LABELS, Check, CheckName, CheckState, StatusChange
from integrations.domain.csp.roles import role_name, role_names
from integrations.domain.integrations import CspChild, Integration, Tenant
from integrations.domain.jobs.given_up import DETAILS, OUR_FAILURE, REMEDY
from integrations.domain.refusals import OF_CUSTOMER
from integrations.domain.statuses import COLOUR_OF, EXPLANATIONS, SyncCause, SyncLabel
from integrations.domain.sync_status import SyncStatus
from integrations.views.menu import CSP_MENU
from integrations.views.page import CspRow, Moment, StatusView, actions, status_view, to_second

KIND_LABEL = "Cloud Solution Provider (CSP)"


class _Said(NamedTuple):
    colour: str
    reason: str
    detail: str
    remedy: str


_WAIT = "Nothing to do. We check again automatically."
_NEW_RELATIONSHIP = (
    "In Partner Center, request a new admin relationship with the roles named in the evidence. After the customer's "
    "Global Administrator has approved it, assign these roles to the account's security group."
)
_SAID: dict[CspAuth, _Said] = {
    CspAuth.ACTIVE: _Said(
        "green", "active", "The admin relationship is correct and does not end within seven days.", "Nothing to do."
    ),
    CspAuth.EXPIRING: _Said(
        "orange",
        "expiring",
        "A required role expires within seven days. Syncing continues until then.",
        "Extend the admin relationship named in the evidence before it ends, or have the customer approve a new one.",
    ),
    CspAuth.EXPIRED: _Said(
        "red", "expired", "A required role comes only from an admin relationship that has ended.", _NEW_RELATIONSHIP
    ),
    CspAuth.MISSING_RELATIONSHIP: _Said(
        "red", "missing_relationship", "There is no active admin relationship with this customer.", _NEW_RELATIONSHIP
    ),
    CspAuth.MISSING_ROLES: _Said(
        "red",
        "missing_roles",
        "The admin relationships grant neither Global Administrator nor all required roles.",
        f"Roles cannot be added to an active relationship. {_NEW_RELATIONSHIP}",
    ),
    CspAuth.CONSENT_FAILURE: _Said(
        "red",
        "consent_refused",
        "The admin relationship is active, but Microsoft refused the consent for our application.",
        "We try again automatically. If this persists, look up the code in the evidence at "
        "https://login.microsoftonline.com/error.",
    ),
    CspAuth.CONSENT_PENDING: _Said(
        "orange",
        "waiting_on_microsoft",
        "Microsoft is processing the consent for our application. A new admin relationship needs 15 minutes first.",
        _WAIT,
    ),
    CspAuth.GRANTING_ROLES: _Said(
        "orange",
        "waiting_on_microsoft",
        "Our application's permissions are granted but not in effect yet. This usually takes up to 30 minutes.",
        _WAIT,
    ),
    CspAuth.UNKNOWN: _Said(
        "orange",
        "unknown",
        "Microsoft has not told us enough about this customer, or refused for another reason.",
        "Look at the evidence. If it mentions MFA, select Reauthorize CSP. Otherwise we check again automatically.",
    ),
}
_SAID_OF_GROUP: dict[GroupFault, _Said] = {
    GroupFault.NO_GROUP: _Said(
        "red",
        "no_group",
        "The roles of the admin relationship are not assigned to any security group.",
        "In Partner Center, open the relationship and add one of your security groups with the roles in the evidence.",
    ),
    GroupFault.GROUP_LACKS_ROLES: _Said(
        "red",
        "group_lacks_roles",
        "The security group of the admin relationship lacks required roles.",
        "In Partner Center, open the relationship and assign the roles in the evidence to the security group.",
    ),
    GroupFault.ACCOUNT_NOT_IN_GROUP: _Said(
        "red",
        "account_not_in_group",
        "The authorized account is not in the security group of the admin relationship.",
        "In the Entra admin center of your CSP tenant, add the account to the group. This can take a few minutes.",
    ),
}


def csp_row(integration: Integration, tenants: Sequence[Tenant], moment: Moment) -> CspRow | None:
    """The row of a CSP above the table; None for an integration of another kind."""
    if integration.csp is None:
        return None
    told = [it.csp for it in children(tenants, integration.id) if it.csp]
    count = sum(1 for it in told if not it.is_ignored)
    status = integration.csp.status
    return CspRow(
        id=integration.id,
        tenant_id=integration.tenant_id,
        name=integration.name,
        kind_label=KIND_LABEL,
        tenant_count=count,
        tenant_count_label=f"with {count} tenant{'' if count == 1 else 's'}" if count else "",
        ignored_count=len(told) - count,
        last_synced_at=to_second(status.last_sync_at),
        sync_status=status_view(status, moment, integration.csp.running),
        actions=actions(CSP_MENU),
    )


def csp_auth_view(tenant: Tenant, csp: Integration | None, moment: Moment) -> StatusView:
    """CSP Auth of a customer, as the column shows and explains it."""
    child, of_csp = child_of(tenant), csp.csp if csp else None
    said, status = _said_of(child), of_csp.status if of_csp else None
    running = of_csp.running if of_csp else None
    missed = [moment.overdue_since(_own_look(tenant, status))]
    missed += [moment.overdue_since(status.next_check_at, running)] if status else []
    looks = [it for it in (_own_look(tenant, status), status.next_check_at if status else None) if it]
    return StatusView(
        label=child.auth.value,
        colour=said.colour,
        reason=said.reason,
        cause=said.reason,
        detail=said.detail,
        remedy=said.remedy,
        evidence={**_of_progress(child), **_of_findings(child), **_of_mark(child)},
        since=_since(child).replace(microsecond=0),
        next_check_at=to_second(min(looks, default=None)),
        stalled=_is_waiting(child.auth) and child.progress.is_stalled(moment.now),
        stale=status is not None and (status.label in _UNREAD or missed[-1] is not None),
        as_of=to_second(status.last_sync_at) if status else None,
        overdue_since=min((it for it in missed if it), default=None),
    )


# While the CSP stands so, its customers are not read, and what is shown of them was read before.
_UNREAD = frozenset({SyncLabel.AUTH_FAILED, SyncLabel.ERROR})
# What the partner or the customer has to mend comes before a failure of ours.
_OURS_TO_TELL = frozenset(
    {
        CspAuth.ACTIVE,
        CspAuth.EXPIRING,
        CspAuth.CONSENT_FAILURE,
        CspAuth.CONSENT_PENDING,
        CspAuth.GRANTING_ROLES,
        CspAuth.UNKNOWN,
    }
)


# A refusal of Microsoft's shows in these; what is known of it then says more than the status.
_OF_REFUSALS = frozenset({CspAuth.CONSENT_FAILURE, CspAuth.UNKNOWN})


def _own_look(tenant: Tenant, status: SyncStatus | None) -> datetime | None:
    """When the customer's own next step is taken; not while its CSP, or the plan, holds it back."""
    is_held_back = tenant.paused is not None or (status is not None and status.is_auth_failed)
    return None if is_held_back else child_of(tenant).progress.next_at


def _said_of(child: CspChild) -> _Said:
    finding = next((it for it in child.findings if it.auth is child.auth), None)
    said = _SAID_OF_GROUP[finding.fault] if finding and finding.fault else _SAID[child.auth]
    mark, hindrance = child.progress.given_up, child.progress.hindrance
    if hindrance and child.auth in _OF_REFUSALS:
        said = _Said(said.colour, hindrance.value, *OF_CUSTOMER[hindrance])
    if mark is None or child.auth not in _OURS_TO_TELL:
        return said
    return _Said(said.colour, OUR_FAILURE, DETAILS[mark.job], REMEDY)


def _of_mark(child: CspChild) -> dict[str, str]:
    return child.progress.given_up.evidence() if child.progress.given_up else {}


def _since(child: CspChild) -> datetime:
    mark = child.progress.given_up
    return mark.since if mark and child.auth in _OURS_TO_TELL else child.since


def _is_waiting(auth: CspAuth) -> bool:
    return auth in {CspAuth.CONSENT_PENDING, CspAuth.GRANTING_ROLES}


def _of_progress(child: CspChild) -> dict[str, str]:
    """What Microsoft said to our last step, while it still stands for something."""
    return child.progress.evidence if child.auth not in {CspAuth.ACTIVE, CspAuth.EXPIRING} else {}


def _of_findings(child: CspChild) -> dict[str, str]:
    told: dict[str, str] = {}
    for finding in child.findings:
        if finding.auth is child.auth:
            told |= _evidence(finding)
    waits = {CspAuth.CONSENT_PENDING} if child.progress.stage is Stage.WAITING else set()
    others = [it.auth.value for it in child.findings if it.auth not in {child.auth, *waits}]
    if others:
        told["also"] = ", ".join(dict.fromkeys(others))
    if child.vanished_at:
        told["vanished_at"] = _stamp(child.vanished_at)
    return told


def _evidence(finding: Finding) -> dict[str, str]:
    told = {"roles": ", ".join(role_names(finding.roles))} if finding.roles else {}
    if finding.at:
        told["ends_at"] = _stamp(finding.at)
    return told | ({"relationships": ", ".join(finding.relationships)} if finding.relationships else {})


def _stamp(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


# Details of one customer.


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class RelationshipView(msgspec.Struct, frozen=True, kw_only=True):
    """An admin relationship. ``note`` warns of one that cannot be extended, or that another party leads."""

    id: str
    name: str
    status: str
    ends_at: datetime | None
    auto_extend: bool
    roles: list[RoleView]
    note: str


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """How a required role reaches the account: through which relationship and group; empty where it stops."""

    role: str
    relationship: str
    group: str
    member: bool
    ends_at: datetime | None


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """One check: passed, failed, unknown, or not_run because an earlier one failed."""

    check: str
    label: str
    state: str
    at: datetime
    detail: str
    seconds: float
    evidence: dict[str, str]


class StatusChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """When a status began, and what it said."""

    at: datetime
    label: str
    colour: str
    cause: str
    detail: str


class CustomerDetails(msgspec.Struct, frozen=True, kw_only=True):
    """CSP Auth of a customer down to each check and each role."""

    account: str
    read_at: datetime | None
    ignored: bool
    progress: str
    checks: list[CheckView]
    relationships: list[RelationshipView]
    trace: list[TraceView]


def customer_details(
    child: CspChild, facts: AccessState | None, required: Iterable[RoleId], now: datetime
) -> CustomerDetails:
    found = sorted(facts.relationships, key=lambda it: (not it.is_live(now), it.name)) if facts else []
    return CustomerDetails(
        account=facts.account if facts else "",
        read_at=to_second(facts.read_at) if facts else None,
        ignored=child.is_ignored,
        progress=child.progress.stage.value,
        checks=[check_view(it) for it in _checks(child, facts)],
        relationships=[_relationship(it) for it in found],
        trace=[_trace(role, facts, now) for role in sorted(required, key=role_name)] if facts else [],
    )


def check_view(it: Check) -> CheckView:
    return CheckView(
        check=it.check.value,
        label=LABELS[it.check],
        state=it.state.value,
        at=it.at.replace(microsecond=0),
        detail=it.detail,
        seconds=it.seconds,
        evidence=it.evidence,
    )


def history_view(history: Sequence[StatusChange]) -> list[StatusChangeView]:
    """Status changes with their colour and sentence."""
    return [
        StatusChangeView(
            at=it.at.replace(microsecond=0),
            label=said.label.value,
            colour=COLOUR_OF[said.label],
            cause=it.cause,
            detail=said.detail,
        )
        for it, said in ((it, EXPLANATIONS[SyncCause(it.cause)]) for it in history)
    ]


def _checks(child: CspChild, facts: AccessState | None) -> list[Check]:
    """What holds for one customer, in the order in which one thing needs the other."""
    made, read_at = [], facts.read_at if facts else child.since
    for name, faults in FAULTS.items():
        against = [it for it in child.findings if it.auth in faults]
        evidence = _evidence(against[0]) if against else {}
        detail = (
            (_SAID_OF_GROUP[against[0].fault] if against[0].fault else _SAID[against[0].auth]).detail if against else ""
        )
        at = child.progress.since if name is CheckName.CONSENT else read_at
        state = CheckState.FAILED if against else CheckState.PASSED
        made.append(Check(check=name, state=state, at=at, detail=detail, evidence=evidence))
    probe = _PROBE.get(child.progress.stage, CheckState.UNKNOWN)
    evidence = child.progress.evidence
    return [*made, Check(check=CheckName.GRAPH, state=probe, at=child.progress.since, evidence=evidence)]


_PROBE = {Stage.DONE: CheckState.PASSED, Stage.REFUSED: CheckState.FAILED, Stage.WAITING: CheckState.NOT_RUN}


def _relationship(it: Relationship) -> RelationshipView:
    return RelationshipView(
        id=it.id,
        name=it.name,
        status=it.status,
        ends_at=to_second(it.ends_at),
        auto_extend=it.auto_extends,
        roles=[RoleView(id=role, name=role_name(role)) for role in sorted(it.roles, key=role_name)],
        note=_note(it),
    )


def _note(it: Relationship) -> str:
    if it.is_indirect:
        return "Set up through an indirect provider; only the provider can change it."
    if it.is_led_by_microsoft:
        return "Set up by Microsoft; it only allows reading."
    if it.holds_administrator and it.is_active:
        return "Includes Global Administrator, so it cannot be extended automatically."
    return ""


def _trace(role: RoleId, facts: AccessState, now: datetime) -> TraceView:
    """The way that reaches furthest: to the account, else to a group, else to a relationship."""
    live = [it for it in facts.relationships if it.is_live(now) and holds(it.roles, role)]
    by_id = {it.id: it for it in live}
    given = [it for it in facts.assignments if it.is_active and holds(it.roles, role) and it.relationship_id in by_id]
    mine = [it for it in given if it.group_id in facts.groups]
    best = next(iter([*mine, *given]), None)
    through = by_id[best.relationship_id] if best else next(iter(live), None)
    return TraceView(
        role=role_name(role),
        relationship=through.name if through else "",
        group=facts.groups.get(best.group_id, best.group_id) if best else "",
        member=bool(mine),
        ends_at=to_second(through.ends_at) if through else None,
    )
