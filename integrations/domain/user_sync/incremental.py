"""The plan after some users changed, made from their own rows: as the plan for all users would be. Pure.

That holds where the change concerns nobody else. A user that is linked and keeps its addresses is no candidate for
anybody, takes no address from anybody, and answers no question about others. So everybody is planned only where a user
came, went or has other addresses, and where more than fields of End Users would change.
"""

from collections.abc import Collection

from integrations.domain.user_sync.changes import ChangeKind, UserChange
from integrations.domain.user_sync.comparison import address_hash, addresses_of
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.plan import UserSyncPlan, plan_sync
from integrations.domain.user_sync.settings import SyncedField

_HARMLESS = frozenset({ChangeKind.UPDATE})


def plan_incrementally(inputs: UserSyncInputs, object_ids: Collection[str]) -> UserSyncPlan | None:
    """The plan for the users with these ids, of whom ``inputs`` has rows, links, End Users, decisions and questions.

    Since the last plan, which was applied, nothing else has changed. None if all users are to be planned.
    """
    if inputs.decisions or not inputs.directory.users_are_current:
        return None
    if not all(_stays(it, inputs) for it in object_ids):
        return None
    plan = plan_sync(inputs)
    is_alone = not (plan.opened or plan.closed) and all(map(_concerns_nobody_else, plan.changes))
    return plan if is_alone else None


def _stays(object_id: str, inputs: UserSyncInputs) -> bool:
    """Whether a user has the End User and the addresses that it had in the last plan."""
    user, link = inputs.directory.users.get(object_id), inputs.links.get(object_id)
    if user is None or link is None or link.end_user_id not in inputs.end_users:
        return False
    return link.address_hash == address_hash({key for key, _ in addresses_of(user)})


def _concerns_nobody_else(change: UserChange) -> bool:
    """Whether only fields change, and none by which End Users are found."""
    is_by_mail = any(it.field is SyncedField.MAIL for it in change.fields)
    return _HARMLESS.issuperset(change.kinds) and change.inactive_because is None and not is_by_mail
