"""The details of a CSP's customer: its checks, its admin relationships, and how each role reaches the account."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from integrations.domain.csp.customers import AccessState
from integrations.domain.csp.gdap import Relationship, RoleId, holds
from integrations.domain.csp.roles import role_name
from integrations.domain.integrations import CspChild
from integrations.views.csp.checks import CheckView, check_view, customer_checks
from integrations.views.status import to_second


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """A directory role."""

    id: str
    name: str


class RelationshipView(msgspec.Struct, frozen=True, kw_only=True):
    """An admin relationship. ``note`` says when it cannot be extended, or when somebody else manages it."""

    id: str
    name: str
    status: str
    ends_at: datetime | None
    auto_extend: bool
    roles: list[RoleView]
    note: str


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """How a required role reaches the account: by which relationship and group; empty where the chain breaks."""

    role: str
    relationship: str
    group: str
    member: bool
    ends_at: datetime | None


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
    child: CspChild, access: AccessState | None, required: Iterable[RoleId], now: datetime
) -> CustomerDetails:
    """The details of a customer; ``access`` is what was last read of its relationships, None if nothing was."""
    relationships = sorted(access.relationships, key=lambda it: (not it.is_live(now), it.name)) if access else []
    return CustomerDetails(
        account=access.account if access else "",
        read_at=to_second(access.read_at) if access else None,
        ignored=child.is_ignored,
        progress=child.progress.stage.value,
        checks=[check_view(it) for it in customer_checks(child, access)],
        relationships=[_relationship(it) for it in relationships],
        trace=[_trace(role, access, now) for role in sorted(required, key=role_name)] if access else [],
    )


def _relationship(relationship: Relationship) -> RelationshipView:
    return RelationshipView(
        id=relationship.id,
        name=relationship.name,
        status=relationship.status,
        ends_at=to_second(relationship.ends_at),
        auto_extend=relationship.auto_extends,
        roles=[RoleView(id=role, name=role_name(role)) for role in sorted(relationship.roles, key=role_name)],
        note=_note(relationship),
    )


def _note(relationship: Relationship) -> str:
    if relationship.is_indirect:
        return "Set up through an indirect provider; only the provider can change it."
    if relationship.is_led_by_microsoft:
        return "Set up by Microsoft; it only allows reading."
    if relationship.holds_administrator and relationship.is_active:
        return "Includes Global Administrator, so it cannot be extended automatically."
    return ""


def _trace(role: RoleId, access: AccessState, now: datetime) -> TraceView:
    """The longest chain for a role: relationship, assignment to a group, membership of the account in that group."""
    live = [it for it in access.relationships if it.is_live(now) and holds(it.roles, role)]
    by_id = {it.id: it for it in live}
    assigned = [
        it for it in access.assignments if it.is_active and holds(it.roles, role) and it.relationship_id in by_id
    ]
    reaching = [it for it in assigned if it.group_id in access.groups]
    best = next(iter([*reaching, *assigned]), None)
    through = by_id[best.relationship_id] if best else next(iter(live), None)
    return TraceView(
        role=role_name(role),
        relationship=through.name if through else "",
        group=access.groups.get(best.group_id, best.group_id) if best else "",
        member=bool(reaching),
        ends_at=to_second(through.ends_at) if through else None,
    )
