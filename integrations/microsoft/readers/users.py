"""Users: read whole once a week, then only what changed.

The first reading asks for a delta link "from now" and only then lists, in pages of 999: what changes while
we list is told again by the link. That is 12 requests for 10,000 users, where delta pages need 50.
Sources: https://learn.microsoft.com/graph/api/user-list, https://learn.microsoft.com/graph/api/user-delta
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import msgspec

from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import User
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext, ReadRoute
from integrations.microsoft.delta import Removed, changes_of, latest_of
from integrations.microsoft.fillers import identifier

# Exactly what a User row holds; a frozen list, diffed by a test (reliability.md section 6).
FIELDS = (
    "id,displayName,givenName,surname,userPrincipalName,mail,accountEnabled,userType,jobTitle,department,"
    "officeLocation,mobilePhone,businessPhones,usageLocation,assignedLicenses"
)
_DELTA = "/users/delta"
_LIST = "/users"
_LARGEST_PAGE = "999"


class _AssignedLicense(msgspec.Struct, rename="camel"):
    sku_id: str | None = None


class _User(msgspec.Struct, rename="camel"):
    id: str
    removed: Removed | None = msgspec.field(name="@removed", default=None)
    display_name: str | None = None
    given_name: str | None = None
    surname: str | None = None
    user_principal_name: str | None = None
    mail: str | None = None
    account_enabled: bool | None = None
    user_type: str | None = None
    job_title: str | None = None
    department: str | None = None
    office_location: str | None = None
    mobile_phone: str | None = None
    business_phones: list[str] | None = None
    usage_location: str | None = None
    assigned_licenses: list[_AssignedLicense] | None = None


def _read(asked: ReadContext) -> Reading:
    if not asked.is_first:
        return changes_of(asked.graph.pages_from(asked.page, type=_User), lambda there: map(_record, there))
    _, link = latest_of(asked.graph.pages_from(asked.page, type=_User))
    listed = asked.graph.items(_LIST, type=_User, select=FIELDS, top=_LARGEST_PAGE)
    records = {user.id: _record(user) for user in listed}
    return Reading(records=list(records.values()), is_complete=True, link=link)


def _record(user: _User) -> Record:
    is_guest = (user.user_type or "").casefold() == "guest"
    # As text at once: of a hundred thousand users the objects would take more memory than all else together.
    body = msgspec.Raw(_encode(_told(user, is_guest=is_guest)))
    return Record(key=user.id, body=body, tally="guest" if is_guest else "member")


# A tenant has few products, titles and offices, and names them anew for each of its people.
_sku = lru_cache(maxsize=1024)(identifier)
_often = lru_cache(maxsize=1024)(clean_or_none)
_encode = msgspec.json.Encoder().encode


def _told(user: _User, *, is_guest: bool) -> User:
    username = clean(user.user_principal_name or "")
    is_same = user.mail == user.user_principal_name  # as it mostly is
    return User(
        id=user.id,
        name=clean(user.display_name or "") or user.id,
        username=username,
        given_name=clean_or_none(user.given_name),
        surname=clean_or_none(user.surname),
        mail=(username or None) if is_same else clean_or_none(user.mail),
        is_enabled=user.account_enabled,
        is_guest=is_guest,
        job_title=_often(user.job_title),
        department=_often(user.department),
        office=_often(user.office_location),
        mobile_phone=clean_or_none(user.mobile_phone),
        business_phones=[clean(phone) for phone in user.business_phones or ()],
        usage_location=_often(user.usage_location),
        license_ids=_skus(user.assigned_licenses or ()),
    )


def _skus(licenses: Sequence[_AssignedLicense]) -> list[str]:
    found = [sku_id for it in licenses if (sku_id := _sku(it.sku_id))]
    return sorted(set(found)) if len(found) > 1 else found


USERS = Dataset(
    name="users",
    is_core=True,
    permission="User.Read.All",
    record=User,
    source=FirstRequest(first=_DELTA, query={"select": FIELDS, "deltatoken": "latest"}, page=_User),
    read=_read,
    full_read_every=timedelta(days=7),  # reports say that changes sometimes never tell of a deletion
    route=ReadRoute("users", "The tenant's users, as last synced."),
)
