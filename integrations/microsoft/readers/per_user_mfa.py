"""The legacy state of MFA of each user, which the list of users answers although it is not documented there.

A tenant where Microsoft refuses the property has no such rows, and its people's state is not known.
Source: https://github.com/microsoftgraph/msgraph-sdk-powershell/issues/3368
"""

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.packing import pack
from integrations.domain.sync.security_records import PerUserMfa, PerUserMfaPage
from integrations.domain.text import clean
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext

_DISABLED = "disabled"


class _GraphUserState(msgspec.Struct, rename="camel"):
    id: str
    per_user_mfa_state: str | UnsetType | None = UNSET


def _read(context: ReadContext) -> Reading:
    listed: dict[str, PerUserMfa] = {}  # never the others: they are almost everybody
    for page in context.graph.pages_from(context.page, type=_GraphUserState):
        for it in map(_to_state, page.items):
            listed.pop(it.user_id, None)
            if it.state != _DISABLED:
                listed[it.user_id] = it
    records = [Record(key=key, body=PerUserMfaPage(people=people)) for key, people in pack(listed).items()]
    return Reading(records=records, is_complete=True)


def _to_state(user: _GraphUserState) -> PerUserMfa:
    state = user.per_user_mfa_state
    return PerUserMfa(user_id=user.id, state=clean(state).lower() if isinstance(state, str) else None)


PER_USER_MFA = Dataset(
    name="per_user_mfa",
    permission="User.Read.All",
    record=PerUserMfaPage,
    first_request=FirstRequest(
        path="/users", query={"select": "id,perUserMfaState", "top": "999"}, page=_GraphUserState
    ),
    read=_read,
    cadence=Cadence.SIX_HOURS,
    is_documented=False,
)
