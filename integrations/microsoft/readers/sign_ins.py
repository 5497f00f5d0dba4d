"""When people last signed in: a separate data set, because Microsoft stores it outside the directory.

It needs Entra ID P1, and both User.Read.All and AuditLog.Read.All.
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


class _UserActivity(msgspec.Struct, rename="camel"):
    id: str
    sign_in_activity: _Activity | None = None


def _read(context: ReadContext) -> Reading:
    sign_ins = context.by_id_as(_UserActivity, _to_sign_ins)
    # Not encoded yet: the objects reuse memory that the users' left, which texts of this size could not.
    records = [Record(key=key, body=SignInPage(people=people)) for key, people in pack(sign_ins).items()]
    kinds = Counter("seen" if it.was_seen else "never seen" for it in sign_ins.values())
    return Reading(records=records, is_complete=True, counts_by_kind=kinds)


def _to_sign_ins(user: _UserActivity) -> SignIns:
    activity = user.sign_in_activity or _Activity()
    return SignIns(
        user_id=user.id,
        last_at=moment(activity.last_sign_in_date_time),
        last_background_at=moment(activity.last_non_interactive_sign_in_date_time),
        last_success_at=moment(activity.last_successful_sign_in_date_time),
    )


SIGN_INS = Dataset(
    name="sign_ins",
    permission="AuditLog.Read.All",
    record=SignInPage,
    first_request=FirstRequest(path="/users", query={"select": "id,signInActivity", "top": _PAGE}, page=_UserActivity),
    read=_read,
    cadence=Cadence.DAILY,
    needs_plan=ENTRA_ID_P1,
)
