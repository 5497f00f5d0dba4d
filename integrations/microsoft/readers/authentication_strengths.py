"""Authentication strengths: which combinations of methods each of them accepts.

Source: https://learn.microsoft.com/graph/api/authenticationstrengthroot-list-policies
"""

from typing import ClassVar

import msgspec

from integrations.domain.policies.conditional_access import AuthenticationStrength
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.text import clean_or_none
from integrations.microsoft.dataset import ENTRA_ID_P1, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import in_order


class GraphStrength(msgspec.Struct, rename="camel"):
    WITHOUT_EFFECT: ClassVar[frozenset[str]] = frozenset(
        {"description", "policyType", "createdDateTime", "modifiedDateTime", "combinationConfigurations"}
    )
    id: str
    display_name: str | None = None
    allowed_combinations: list[str] | None = None
    requirements_satisfied: str | None = None


def _read_strengths(context: ReadContext) -> Reading:
    strengths = context.by_id_as(GraphStrength, to_strength)
    return Reading(records=[Record(key=key, body=it) for key, it in strengths.items()], is_complete=True)


def to_strength(source: GraphStrength) -> AuthenticationStrength:
    combinations = source.allowed_combinations
    return AuthenticationStrength(
        id=source.id,
        name=clean_or_none(source.display_name),
        combinations=None if combinations is None else in_order(combinations),
        satisfies=clean_or_none(source.requirements_satisfied),
    )


AUTHENTICATION_STRENGTHS = Dataset(
    name="authentication_strengths",
    permission="Policy.Read.All",
    record=AuthenticationStrength,
    first_request=FirstRequest(path="/policies/authenticationStrengthPolicies", page=GraphStrength),
    read=_read_strengths,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P1,
)
