"""What a baseline can know about one tenant: its stored rows, how they were last read, its licences, and the inputs.

Rows are read once, when the first control asks for them. What could not be read is ``Unknown``, never empty.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar, cast

import msgspec

from integrations.domain.baselines.paths import DATASETS, SINGLE
from integrations.domain.evaluations.dataset_state import DatasetState, valid_until, why_unread
from integrations.domain.evaluations.evaluation import RowSource
from integrations.domain.policies.conditional_access import AuthenticationStrength, ConditionalAccess
from integrations.domain.sync.datasets import DatasetOutcome
from integrations.domain.sync.plans import known_plans
from integrations.domain.sync.records import GroupSettings, User

T = TypeVar("T", bound=msgspec.Struct)

_SAY_PLANS = ("organization", "licenses")
# Licences that controls need: their name, and the service plans of which one is enough.
# Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
_P1, _P2 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d", "eec0eb4f-6444-4f95-aba0-50c24d67f998"
LICENSES: Mapping[str, tuple[str, frozenset[str]]] = {
    "entra_id_p1": ("Microsoft Entra ID P1", frozenset({_P1, _P2})),
    "entra_id_p2": ("Microsoft Entra ID P2", frozenset({_P2})),
    "intune": ("Microsoft Intune", frozenset({"c1ec4a95-1f05-45b3-a911-aa3fa01094f5"})),
}


class BaselineProfile(Enum):
    """How strictly a control is judged."""

    SCUBA = "scuba"  # as ScubaGear does it
    STRICT = "strict"  # conditions that a control did not ask for count, too


class Exclusions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Whom a control may leave out, by Microsoft's ids.

    Attributes:
        users: Object ids of users, such as emergency access accounts.
        groups: Object ids of groups.
        applications: Ids of applications.
        guest_types: Kinds of guests and external users, such as serviceProvider.
        role_users: Object ids of users who may have a role permanently.
        role_groups: Object ids of groups that may have a role permanently.
    """

    users: list[str] = []
    groups: list[str] = []
    applications: list[str] = []
    guest_types: list[str] = []
    role_users: list[str] = []
    role_groups: list[str] = []


_NOBODY = Exclusions()


class Inputs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody may choose about judging a tenant.

    Attributes:
        profile: "scuba" or "strict".
        privileged_roles: Template ids of the roles that count as privileged. Null: those that the baseline names.
        exclusions: Whom a control may leave out, by the control's id. Those of an earlier version count, too.
        cloud: Where the tenant is: "commercial", "gcc", "gcchigh" or "dod".
    """

    profile: BaselineProfile = BaselineProfile.STRICT
    privileged_roles: list[str] | None = None
    exclusions: dict[str, Exclusions] = {}
    cloud: str = "commercial"

    def exclusions_of(self, control_id: str) -> Exclusions:
        """Whom a control may leave out: as decided for it, or else for its latest earlier version."""
        if not self.exclusions:
            return _NOBODY
        name, mark, version = control_id.rpartition("v")
        earlier = (f"{name}{mark}{it}" for it in range(int(version), 0, -1)) if mark and version.isdigit() else ()
        found = (self.exclusions[it] for it in (control_id, *earlier) if it in self.exclusions)
        return next(found, _NOBODY)


class Unknown(Exception):
    """Something that a control needs is not known; ``dataset`` and ``permission`` say what could not be read."""

    def __init__(self, reason: str, dataset: str = "", permission: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.dataset = dataset
        self.permission = permission


class JudgedTenant:
    """One tenant as the controls see it."""

    def __init__(self, source: RowSource, inputs: Inputs) -> None:
        self._source = source
        self.inputs = inputs
        self._rows: dict[str, list[Any]] = {}
        self._states: dict[str, DatasetState] = {}
        self._valid_until: dict[str, datetime | None] = {}
        self.cache: dict[Any, Any] = {}

    @property
    def now(self) -> datetime:
        return self._source.now

    def state(self, dataset: str) -> DatasetState:
        if dataset not in self._states:
            self._states[dataset] = self._source.state(dataset)
        return self._states[dataset]

    def is_unlicensed(self, dataset: str) -> bool:
        """Whether Microsoft has no such rows for this tenant, for want of a licence."""
        return self.state(dataset).outcome is DatasetOutcome.NOT_LICENSED

    def valid_until(self, dataset: str) -> datetime | None:
        """Until when the stored rows count; None if there are none, or no longer."""
        if dataset not in self._valid_until:
            self._valid_until[dataset] = valid_until(dataset, self.state(dataset), self.now)
        return self._valid_until[dataset]

    def require(self, dataset: str) -> None:
        """Raises Unknown: the data set could not be read, and earlier rows are too old or do not exist."""
        if self.valid_until(dataset) is None:
            raise self._unread(dataset)

    def _unread(self, dataset: str) -> Unknown:
        state = self.state(dataset)
        if state.outcome is DatasetOutcome.NOT_LICENSED:
            return Unknown("The tenant has no licence for what is read here.", dataset)
        if state.outcome is DatasetOutcome.DENIED:
            needs = f"the permission {state.permission}" if state.permission else "a permission"
            return Unknown(f"Microsoft denied reading it: our application needs {needs}.", dataset, state.permission)
        why = why_unread(state)
        return Unknown(f"{why[0].upper()}{why[1:]}.", dataset)

    def root(self, dataset: str) -> Any:
        """What paths into a data set begin with: its only record, or the list of its records.

        Raises:
            Unknown: it could not be read, or it has no row.
        """
        rows = self.rows(dataset)
        if dataset == "group_settings":
            return _merged(rows)
        if dataset not in SINGLE:
            return rows
        if not rows:
            raise Unknown("Microsoft returned nothing for it.", dataset)
        return rows[0]

    def rows(self, dataset: str) -> list[Any]:
        """All rows; those of a data set that ScubaGear would take for empty are none.

        Raises:
            Unknown: it could not be read.
        """
        if dataset not in self._rows:
            is_empty = self._is_taken_for_empty(dataset)
            rows = () if is_empty else self._source.rows(dataset, DATASETS[dataset])
            self._rows[dataset] = [it for _, it in rows]
        return self._rows[dataset]

    def _is_taken_for_empty(self, dataset: str) -> bool:
        """ScubaGear takes for empty what was not read; what a control always needs was required before."""
        if self.valid_until(dataset) is None and self.inputs.profile is BaselineProfile.SCUBA:
            return True
        self.require(dataset)
        return False

    def find(self, dataset: str, keys: Iterable[str], model: type[T]) -> Mapping[str, T]:
        """Single rows of a large data set; as ``rows``."""
        if self._is_taken_for_empty(dataset):
            return {}
        return self._source.find(dataset, sorted(set(keys)), model)

    def users(self, ids: Collection[str]) -> Mapping[str, User]:
        return self.find("users", ids, User)

    def policies(self, dataset: str) -> list[ConditionalAccess]:
        """Conditional Access policies, with the combinations of their authentication strengths where known."""
        key = "policies", dataset
        if key not in self.cache:
            self.cache[key] = [self._with_combinations(it) for it in self.rows(dataset)]
        return cast("list[ConditionalAccess]", self.cache[key])

    def _with_combinations(self, policy: ConditionalAccess) -> ConditionalAccess:
        grant = policy.grant
        if grant is None or grant.strength is None or grant.strength.combinations is not None:
            return policy
        known = self._strengths().get(grant.strength.id)
        if known is None:
            return policy
        return msgspec.structs.replace(policy, grant=msgspec.structs.replace(grant, strength=known))

    def _strengths(self) -> Mapping[str, AuthenticationStrength]:
        if self.valid_until("authentication_strengths") is None:
            return {}
        return {it.id: it for it in self.rows("authentication_strengths")}

    @property
    def knows_licenses(self) -> bool:
        """Whether it is known which licences the tenant has."""
        return self._known_plans() is not None

    def _valid_rows(self, dataset: str) -> list[Any] | None:
        return None if self.valid_until(dataset) is None else self.rows(dataset)

    def has_license(self, name: str) -> bool:
        """Whether the tenant has one of the licence's service plans.

        Raises:
            Unknown: neither the organization nor its licences could be read.
        """
        return bool(LICENSES[name][1] & self._plans())

    def _plans(self) -> frozenset[str]:
        known = self._known_plans()
        if known is None:
            is_unread = self.valid_until("organization") is None
            raise self._unread("organization") if is_unread else Unknown(_NO_PLANS, "organization")
        return known

    def _known_plans(self) -> frozenset[str] | None:
        if "plans" not in self.cache:
            profiles, licenses = (self._valid_rows(it) for it in _SAY_PLANS)
            self.cache["plans"] = known_plans(profiles or (), licenses)
        return cast("frozenset[str] | None", self.cache["plans"])


_NO_PLANS = "Microsoft did not say which service plans the tenant has."


def _merged(rows: Iterable[GroupSettings]) -> GroupSettings:
    values = {name: value for row in rows for name, value in row.values.items()}
    return GroupSettings(id="", name="", values=values)
