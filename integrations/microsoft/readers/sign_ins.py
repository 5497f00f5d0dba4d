"""When people last signed in: a reading of its own, since Microsoft keeps it outside the directory.

It takes Entra ID P1, and both User.Read.All and AuditLog.Read.All.
Source: https://learn.microsoft.com/graph/api/resources/signinactivity
"""

from collections import Counter

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.packing import pack
from integrations.domain.sync.records import SignInPage, SignIns
from integrations.microsoft.dataset import ENTRA_ID_P1, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, moment

_PAGE = "120"  # with sign-in activity Microsoft has refused pages of more than 120, and of more than 500


class _Activity(msgspec.Struct, rename="camel"):
    last_sign_in_date_time: GraphDateTime | None = None
    last_non_interactive_sign_in_date_time: GraphDateTime | None = None
    last_successful_sign_in_date_time: GraphDateTime | None = None


class _User(msgspec.Struct, rename="camel"):
    id: str
    sign_in_activity: _Activity | None = None


def _read(asked: ReadContext) -> Reading:
    found = asked.told_by_id(_User, _told)
    # Not as text: the objects fit into what the users' have left, and texts of that size into nothing.
    records = [Record(key=key, body=SignInPage(people=people)) for key, people in pack(found).items()]
    kinds = Counter("seen" if it.was_seen else "never seen" for it in found.values())
    return Reading(records=records, is_complete=True, counts_by_kind=kinds)


def _told(it: _User) -> SignIns:
    seen = it.sign_in_activity or _Activity()
    return SignIns(
        user_id=it.id,
        last_at=moment(seen.last_sign_in_date_time),
        last_background_at=moment(seen.last_non_interactive_sign_in_date_time),
        last_success_at=moment(seen.last_successful_sign_in_date_time),
    )


SIGN_INS = Dataset(
    name="sign_ins",
    permission="AuditLog.Read.All",
    record=SignInPage,
    source=FirstRequest(first="/users", query={"select": "id,signInActivity", "top": _PAGE}, page=_User),
    read=_read,
    cadence=Cadence.DAILY,
    needs_plan=ENTRA_ID_P1,
)
