"""Find End Users by id, wherever they were moved to."""

from integrations.domain.ids import AccountId, EndUserId, organization_of
from integrations.domain.people.end_user import EndUser
from integrations.services import Services
from integrations.storage.documents import Stored
from shared.errors import NotFound

_MOST_MOVES = 20  # of one End User that are followed, from the Organization in which it was created


def find_end_user(services: Services, account_id: AccountId, end_user_id: EndUserId) -> EndUser:
    """An End User of the account, in whichever Organization it is now.

    Raises:
        NotFound: there is none.
    """
    organization_id = organization_of(end_user_id)
    for _ in range(_MOST_MOVES + 1):
        found = services.people(account_id, organization_id).locate(end_user_id)
        if isinstance(found, Stored):
            return found.value
        if found is None:
            break
        organization_id = found
    raise no_such_end_user()


def no_such_end_user() -> NotFound:
    return NotFound("There is no such End User in your account.")
