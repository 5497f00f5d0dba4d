"""CSP Auth: may a partner's service account act in a customer's tenant, and if not, why not?

A role works in a customer's tenant when an active admin relationship holds it AND an active access
assignment of that relationship gives it to a security group AND the account is in that group, directly or
through nested groups. A role ends with the last relationship through which it works.

All findings are kept; the first in this order is the status (product rules B11-B22):
Unknown, Missing Admin Relationship, Expired, Missing Roles, Missing Security Group, Consent Failure,
Consent Pending, Granting Application Roles, Expiring, Active.
Source: https://learn.microsoft.com/graph/api/resources/delegatedadminrelationships-api-overview
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import NewType

import msgspec

RoleId = NewType("RoleId", str)
GroupId = NewType("GroupId", str)

GLOBAL_ADMINISTRATOR = RoleId("62e90394-69f5-4237-9190-012177145e10")
_BY_MICROSOFT = "MLT_"
_PAST = frozenset({"expiring", "expired"})
NOTICE = timedelta(days=7)  # the page promises a week's warning
SOON = timedelta(days=30)  # how far the page looks ahead for access that ends


class CspAuth(Enum):
    """The labels of the page, worst first."""

    UNKNOWN = "Unknown"
    MISSING_RELATIONSHIP = "Missing Admin Relationship"
    EXPIRED = "Expired"
    MISSING_ROLES = "Missing Roles"
    MISSING_GROUP = "Missing Security Group"
    CONSENT_FAILURE = "Consent Failure"
    CONSENT_PENDING = "Consent Pending"
    GRANTING_ROLES = "Granting Application Roles"
    EXPIRING = "Expiring"
    ACTIVE = "Active"


class GroupFault(Enum):
    """Why the account does not have a role that a relationship contains."""

    NO_GROUP = "no_group"
    GROUP_LACKS_ROLES = "group_lacks_roles"
    ACCOUNT_NOT_IN_GROUP = "account_not_in_group"


class Consent(Enum):
    """The state of our application's consent in the customer's tenant."""

    IN_FLIGHT = "in_flight"
    REFUSED = "refused"
    UNCLEAR = "unclear"  # refused for another reason than consent, such as a Conditional Access policy
    ROLES_NOT_VISIBLE = "roles_not_visible"
    DONE = "done"


class Relationship(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An admin relationship (GDAP). ``status`` and ``is_active`` are Microsoft's; either side may terminate it.

    ``is_indirect``: an indirect provider set it up.
    """

    id: str
    roles: frozenset[RoleId]
    is_active: bool
    ends_at: datetime | None
    auto_extends: bool = False
    was_terminated: bool = False
    name: str = ""
    status: str = ""
    activated_at: datetime | None = None
    is_indirect: bool = False

    @property
    def holds_administrator(self) -> bool:
        return GLOBAL_ADMINISTRATOR in self.roles

    @property
    def is_led_by_microsoft(self) -> bool:
        """Whether Microsoft created it for the partner; the names of such relationships begin with MLT_."""
        return self.name.startswith(_BY_MICROSOFT)

    def is_live(self, now: datetime) -> bool:
        return self.is_active and self.ends_at is not None and self.ends_at > now

    def has_run_out(self, now: datetime) -> bool:
        """Whether it ended by its date; Microsoft's status "expiring" means that this date has passed."""
        is_past = self.status in _PAST or (self.ends_at is not None and self.ends_at <= now)
        return is_past and not self.was_terminated


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """Roles of a relationship given to a security group of the partner's tenant."""

    relationship_id: str
    group_id: GroupId
    roles: frozenset[RoleId]
    is_active: bool = True


class GdapInput(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that CSP Auth of one customer depends on. ``groups`` are the account's, nested ones included."""

    relationships: Sequence[Relationship]
    assignments: Sequence[Assignment]
    groups: frozenset[GroupId]
    required: frozenset[RoleId]
    consent: Consent


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why access does not work, or soon will not: which roles, which fault, since when, which relationships."""

    auth: CspAuth
    roles: frozenset[RoleId] = frozenset()
    fault: GroupFault | None = None
    at: datetime | None = None
    relationships: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The status, the findings behind it, when it changes by time alone, and when the first required role ends."""

    auth: CspAuth
    findings: list[Finding]
    changes_at: datetime | None
    ends_at: datetime | None = None


def evaluate(gdap_input: GdapInput | None, now: datetime) -> Verdict:
    """Evaluate one customer; the input is None when nothing could be read."""
    if gdap_input is None:
        return Verdict(auth=CspAuth.UNKNOWN, findings=[Finding(auth=CspAuth.UNKNOWN)], changes_at=None)
    blocking = [*_relationship_findings(gdap_input, now), *_group_findings(gdap_input, now)]
    if gdap_input.consent is Consent.UNCLEAR and not blocking:
        blocking = [Finding(auth=CspAuth.UNKNOWN)]
    findings = [*blocking, *_consent_findings(gdap_input.consent), *_expiry_findings(gdap_input, now)]
    order = list(CspAuth)
    findings.sort(key=lambda finding: order.index(finding.auth))
    auth = findings[0].auth if findings else CspAuth.ACTIVE
    ends_at = min(_endings(gdap_input, now).values(), default=None)
    return Verdict(auth=auth, findings=findings, changes_at=_changes_at(gdap_input, now), ends_at=ends_at)


def effective_from(gdap_input: GdapInput, now: datetime) -> datetime | None:
    """Since when all required roles work, by activation dates of relationships; None when they do not."""
    moments = []
    for role in gdap_input.required:
        through = _ends(gdap_input, role, now)
        if not through:
            return None
        moments.append(min(it.activated_at or now for it in through))
    return max(moments, default=now)


def _relationship_findings(gdap_input: GdapInput, now: datetime) -> list[Finding]:
    live = _live(gdap_input, now)
    run_out = [relationship for relationship in gdap_input.relationships if relationship.has_run_out(now)]
    if not live and not run_out:
        return [Finding(auth=CspAuth.MISSING_RELATIONSHIP, roles=gdap_input.required)]
    uncovered = _uncovered(gdap_input.required, live)
    missing = _uncovered(uncovered, run_out)
    findings = []
    if uncovered - missing or not live:
        ended = tuple(it.id for it in run_out)
        roles = uncovered - missing if live else uncovered  # all that a new relationship needs
        findings.append(Finding(auth=CspAuth.EXPIRED, roles=roles, at=_latest(run_out), relationships=ended))
    if missing and live:
        findings.append(Finding(auth=CspAuth.MISSING_ROLES, roles=missing))
    return findings


def _uncovered(roles: frozenset[RoleId], relationships: Sequence[Relationship]) -> frozenset[RoleId]:
    return frozenset(role for role in roles if not any(holds(it.roles, role) for it in relationships))


def holds(roles: frozenset[RoleId], role: RoleId) -> bool:
    """Whether these roles include a role: Global Administrator includes every one."""
    return role in roles or GLOBAL_ADMINISTRATOR in roles


def _group_findings(gdap_input: GdapInput, now: datetime) -> list[Finding]:
    """Roles that live relationships contain but the account does not have, by fault."""
    by_fault: dict[GroupFault, set[RoleId]] = {}
    for role in gdap_input.required:
        holding = [relationship for relationship in _live(gdap_input, now) if holds(relationship.roles, role)]
        if holding and not _ends(gdap_input, role, now):
            by_fault.setdefault(_fault(gdap_input, holding, role), set()).add(role)
    return [
        Finding(auth=CspAuth.MISSING_GROUP, roles=frozenset(by_fault[fault]), fault=fault)
        for fault in GroupFault
        if fault in by_fault
    ]


def _fault(gdap_input: GdapInput, holding: Iterable[Relationship], role: RoleId) -> GroupFault:
    ids = {relationship.id for relationship in holding}
    assigned = [it for it in gdap_input.assignments if it.relationship_id in ids and it.is_active]
    if not assigned:
        return GroupFault.NO_GROUP
    carrying = [it for it in assigned if holds(it.roles, role)]
    return GroupFault.ACCOUNT_NOT_IN_GROUP if carrying else GroupFault.GROUP_LACKS_ROLES


def _consent_findings(consent: Consent) -> list[Finding]:
    auth = {
        Consent.REFUSED: CspAuth.CONSENT_FAILURE,
        Consent.IN_FLIGHT: CspAuth.CONSENT_PENDING,
        Consent.ROLES_NOT_VISIBLE: CspAuth.GRANTING_ROLES,
    }.get(consent)
    return [Finding(auth=auth)] if auth else []


def _expiry_findings(gdap_input: GdapInput, now: datetime) -> list[Finding]:
    ending = {role: end for role, end in _endings(gdap_input, now).items() if end - now <= NOTICE}
    if not ending:
        return []
    soon = tuple(it.id for it in _live(gdap_input, now) if it.ends_at in ending.values())
    return [Finding(auth=CspAuth.EXPIRING, roles=frozenset(ending), at=min(ending.values()), relationships=soon)]


def _changes_at(gdap_input: GdapInput, now: datetime) -> datetime | None:
    """The next moment at which a relationship ends, or comes within notice of ending."""
    ends = [it.ends_at for it in gdap_input.relationships if it.ends_at is not None and not it.was_terminated]
    moments = [moment for end in ends for moment in (end - NOTICE, end) if moment > now]
    return min(moments, default=None)


def _endings(gdap_input: GdapInput, now: datetime) -> dict[RoleId, datetime]:
    """When each required role stops working, of those that work and have an end."""
    return {role: end for role in gdap_input.required if (end := _end(gdap_input, role, now))}


def _end(gdap_input: GdapInput, role: RoleId, now: datetime) -> datetime | None:
    """When a role stops working; None when it does not work now, or is extended automatically."""
    ends = _ends(gdap_input, role, now)
    if not ends or any(relationship.auto_extends for relationship in ends):
        return None
    return _latest(ends)


def _ends(gdap_input: GdapInput, role: RoleId, now: datetime) -> list[Relationship]:
    """The live relationships through which a role works."""
    reached = {
        it.relationship_id
        for it in gdap_input.assignments
        if it.is_active and holds(it.roles, role) and it.group_id in gdap_input.groups
    }
    return [it for it in _live(gdap_input, now) if holds(it.roles, role) and it.id in reached]


def _live(gdap_input: GdapInput, now: datetime) -> list[Relationship]:
    return [relationship for relationship in gdap_input.relationships if relationship.is_live(now)]


def _latest(relationships: Iterable[Relationship]) -> datetime | None:
    return max((it.ends_at for it in relationships if it.ends_at is not None), default=None)
