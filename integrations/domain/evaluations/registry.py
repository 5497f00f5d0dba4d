"""All evaluations, in the order they are carried out."""

from integrations.domain.evaluations.administrators import ADMINISTRATORS
from integrations.domain.evaluations.controls import CONTROLS
from integrations.domain.evaluations.evaluation import Evaluation
from integrations.domain.evaluations.mfa import MFA
from integrations.domain.evaluations.people_without_mfa import PEOPLE_WITHOUT_MFA
from integrations.domain.insights.summary import SUMMARIZED

LINKED = frozenset({"devices", "managed_devices", "device_users"})

EVALUATIONS: tuple[Evaluation, ...] = (PEOPLE_WITHOUT_MFA, ADMINISTRATORS, CONTROLS, MFA)


def needed_datasets() -> frozenset[str]:
    """The data sets whose changes are marked: of evaluations, of a tenant's summary, and of links with assets."""
    return SUMMARIZED.union(LINKED, *(it.needs for it in EVALUATIONS))
