"""What a baseline's file can ask for by name, where the rule is more than a comparison of one value.

Sets and thresholds stay in the file: it hands them over as arguments.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from integrations.domain.baselines.computed import administrators, app_credentials, consent, role_settings

_PEOPLE = frozenset({"roles", "role_eligibilities", "groups", "users"})
_RULES = frozenset({"role_policies", "group_role_policies", "role_assignments", "roles", "role_eligibilities"})
_CREDENTIALS = frozenset({"default_app_management_policy", "app_management_policies"})


class ComputedValue(NamedTuple):
    """A value that a file can ask for: what computes it, the data sets that it reads, and what a reader is shown."""

    compute: Callable[..., Any]
    reads: frozenset[str]
    label: str

    @property
    def arguments(self) -> frozenset[str]:
        return frozenset(inspect.signature(self.compute).parameters) - {"scope"}

    @property
    def required(self) -> frozenset[str]:
        parameters = inspect.signature(self.compute).parameters.items()
        return frozenset(name for name, it in parameters if it.default is it.empty) - {"scope"}


COMPUTED: Mapping[str, ComputedValue] = {
    "people_with": ComputedValue(administrators.people_with, _PEOPLE, "people who have the role"),
    "others_fewer_by": ComputedValue(administrators.others_fewer_by, _PEOPLE, "more than other administrators by"),
    "synced_administrators": ComputedValue(administrators.synced_administrators, _PEOPLE, "synced administrators"),
    "permanent_assignments": ComputedValue(
        role_settings.permanent_assignments, frozenset({"role_assignments"}), "assignments without an end"
    ),
    "assignments_without_start": ComputedValue(
        role_settings.assignments_without_start, frozenset({"role_assignments"}), "assignments without a beginning"
    ),
    "roles_without_approval": ComputedValue(role_settings.roles_without_approval, _RULES, "activated without approval"),
    "roles_without_recipients": ComputedValue(
        role_settings.roles_without_recipients, _RULES, "roles without recipients"
    ),
    "other_roles_without_recipients": ComputedValue(
        role_settings.other_roles_without_recipients, _RULES, "roles without recipients"
    ),
    "credential_gaps": ComputedValue(app_credentials.credential_gaps, _CREDENTIALS, "gaps"),
    "domains_with_expiry": ComputedValue(
        consent.domains_with_expiry, frozenset({"domains"}), "domains where passwords expire"
    ),
    "admin_consent_workflow": ComputedValue(
        consent.admin_consent_workflow,
        frozenset({"admin_consent_requests", "group_settings"}),
        "users can ask an administrator",
    ),
    "risky_low_permissions": ComputedValue(
        consent.risky_low_permissions, frozenset({"permission_classifications"}), "risky permissions called low"
    ),
}
