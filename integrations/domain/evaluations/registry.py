"""All evaluations, in the order they are carried out."""

from integrations.domain.evaluations.administrators import ADMINISTRATORS
from integrations.domain.evaluations.controls import CONTROLS
from integrations.domain.evaluations.evaluation import Evaluation
from integrations.domain.evaluations.mfa import MFA
from integrations.domain.evaluations.people_without_mfa import PEOPLE_WITHOUT_MFA
from integrations.domain.insights.summary import SUMMARIZED

LINKED = frozenset({"devices", "managed_devices", "device_users"})
SYNCED = frozenset({"users", "groups", "domains", "licenses", "roles", "mailbox_purposes", "rooms"})

EVALUATIONS: tuple[Evaluation, ...] = (PEOPLE_WITHOUT_MFA, ADMINISTRATORS, CONTROLS, MFA)


def needed_datasets() -> frozenset[str]:
    """The data sets whose changes are marked: of evaluations, the summary, the user sync, and links with assets."""
    return SUMMARIZED.union(LINKED, SYNCED, *(it.needs for it in EVALUATIONS))
