"""What a CSP run checked, and the history of the CSP's status: the evidence behind a status."""

from datetime import datetime
from enum import Enum

import msgspec

from integrations.domain.ids import IntegrationId
from integrations.domain.retention import STATUS_CHANGES_PER_CSP


class CheckState(Enum):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    NOT_RUN = "not_run"


class CheckName(Enum):
    """Every check of a CSP, in order: each needs those before it."""

    TOKEN = "token"  # noqa: S105 - the name of a check
    MFA = "mfa"
    ADMINISTRATOR = "global_administrator"
    ADMIN_AGENTS = "admin_agents"
    PARTNER_CENTER = "partner_center"
    CUSTOMERS = "customers"
    RELATIONSHIPS = "relationships"
    ROLES = "roles"
    GROUPS = "groups"
    CONSENT = "consent"
    GRAPH = "graph"


LABELS = {
    CheckName.TOKEN: "The stored sign-in still works",
    CheckName.MFA: "The account signed in with Entra ID MFA",
    CheckName.ADMINISTRATOR: "The account is a Global Administrator of the CSP tenant",
    CheckName.ADMIN_AGENTS: "The account is in the AdminAgents group",
    CheckName.PARTNER_CENTER: "Partner Center accepts the account and its MFA",
    CheckName.CUSTOMERS: "The CSP has customers",
    CheckName.RELATIONSHIPS: "Customers have an active admin relationship",
    CheckName.ROLES: "Admin relationships grant all required roles",
    CheckName.GROUPS: "Security groups assign these roles to the account",
    CheckName.CONSENT: "Our application has consent and its permissions",
    CheckName.GRAPH: "Microsoft Graph answers for the customers",
}


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The outcome of one check. ``seconds`` is how long Microsoft took; evidence holds codes, ids and counts."""

    check: CheckName
    state: CheckState
    at: datetime
    detail: str = ""
    seconds: float = 0.0
    evidence: dict[str, str] = {}


class StatusChange(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    label: str
    cause: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The last run of one CSP. ``history`` is its status changes, newest first."""

    integration_id: IntegrationId
    at: datetime
    checks: list[Check]
    history: list[StatusChange] = []

    def after(self, checks: list[Check], at: datetime, label: str, cause: str) -> "Report":
        """The report after the next run."""
        history = self.history
        if not history or history[0].cause != cause:
            history = [StatusChange(at=at, label=label, cause=cause), *history][:STATUS_CHANGES_PER_CSP]
        return msgspec.structs.replace(self, checks=complete(checks, at), at=at, history=history)


def complete(checks: list[Check], at: datetime) -> list[Check]:
    """All checks in order; those that were not reached are NOT_RUN."""
    made = {it.check: it for it in checks}
    return [made.get(name) or Check(check=name, state=CheckState.NOT_RUN, at=at) for name in CheckName]
