"""The details of a CSP's customer: its checks, its admin relationships, and how each role reaches the account."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.csp.customers import AccessState
from integrations.domain.csp.gdap import Relationship, RoleId, holds
from integrations.domain.csp.onboarding import Stage
from integrations.domain.csp.roles import role_name
from integrations.domain.integrations import CspChild
from integrations.views.csp.checks import CheckView, check_view, customer_checks
from integrations.views.status import to_second
from shared.http.schemas import one_of


class RoleView(msgspec.Struct, frozen=True, kw_only=True):
    """A directory role.

    Attributes:
        id: The id of the role's template, the same in every tenant.
        name: The role's name at Microsoft.
    """

    id: str
    name: str


class RelationshipView(msgspec.Struct, frozen=True, kw_only=True):
    """An admin relationship. ``note`` says when it cannot be extended, or when somebody else manages it.

    Attributes:
        id: The relationship's id at Microsoft.
        name: The name that the partner gave it.
        status: Microsoft's status of it, such as active or expired.
        ends_at: When it ends. Null while it has not begun.
        auto_extend: Whether Microsoft extends it automatically when it ends.
        roles: The roles that it grants.
        note: When it cannot be extended, or somebody else manages it. Empty otherwise.
    """

    id: str
    name: str
    status: str
    ends_at: datetime | None
    auto_extend: bool
    roles: list[RoleView]
    note: str


class TraceView(msgspec.Struct, frozen=True, kw_only=True):
    """How a required role reaches the account: by which relationship and group; empty where the chain breaks.

    Attributes:
        role: The name of the required role.
        relationship: The relationship that grants it. Empty if none does.
        group: The security group that it is assigned to. Empty if there is none.
        member: Whether the CSP's account is a member of this group.
        ends_at: When the relationship ends. Null if there is none.
    """

    role: str
    relationship: str
    group: str
    member: bool
    ends_at: datetime | None


class CustomerDetails(msgspec.Struct, frozen=True, kw_only=True):
    """CSP Auth of a customer down to each check and each role.

    Attributes:
        account: The username of the CSP's service account. Empty until relationships have been read.
        read_at: When the relationships were last read. Null before the first time.
        ignored: Whether the customer is hidden from the table.
        progress: How far it is onboarded.
        checks: The checks of this customer, each of which depends on those before it.
        relationships: Its admin relationships, those that have ended last.
        trace: How each required role reaches the CSP's account.
    """

    account: str
    read_at: datetime | None
    ignored: bool
    progress: Annotated[str, one_of(Stage)]
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
