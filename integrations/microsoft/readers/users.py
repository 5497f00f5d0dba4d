"""Users: read in full once a week, then changes only.

A full reading first requests a delta link "from now" and then lists users in pages of 999: the link returns what
changes meanwhile. That is 12 requests for 10,000 users, where delta pages need 50.
Sources: https://learn.microsoft.com/graph/api/user-list, https://learn.microsoft.com/graph/api/user-delta
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache, partial

import msgspec

from integrations.domain.sync.datasets import Reading, Record, encoded
from integrations.domain.sync.records import User
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext, ReadRoute
from integrations.microsoft.delta import Removed, changes_of, latest_of
from integrations.microsoft.fillers import GraphDateTime, identifier, in_order, moment, text_if_sent

# Exactly what a User row holds; a fixed list, compared by a test (reliability.md section 6).
FIELDS = (
    "id,displayName,givenName,surname,userPrincipalName,mail,accountEnabled,userType,jobTitle,department,"
    "officeLocation,mobilePhone,businessPhones,usageLocation,assignedLicenses,companyName,employeeId,proxyAddresses,"
    "otherMails,createdDateTime,onPremisesImmutableId,onPremisesSyncEnabled,identities,licenseAssignmentStates"
)
_DELTA = "/users/delta"
_LIST = "/users"
_LARGEST_PAGE = "999"
_MAIL, _FEDERATED, _NO_ERROR = "smtp:", "federated", "None"


class _AssignedLicense(msgspec.Struct, rename="camel"):
    sku_id: str | None = None


class _GraphIdentity(msgspec.Struct, rename="camel"):
    sign_in_type: str | None = None
    issuer: str | None = None


class _LicenseState(msgspec.Struct, rename="camel"):
    sku_id: str | None = None
    assigned_by_group: str | None = None
    error: str | None = None


class _GraphUser(msgspec.Struct, rename="camel"):
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
    company_name: str | None = None
    employee_id: str | None = None
    proxy_addresses: list[str] | None = None
    other_mails: list[str] | None = None
    created_date_time: GraphDateTime | None = None
    on_premises_immutable_id: str | msgspec.UnsetType | None = msgspec.UNSET
    on_premises_sync_enabled: bool | None = None
    identities: list[_GraphIdentity] | None = None
    license_assignment_states: list[_LicenseState] | None = None


def _read(context: ReadContext) -> Reading:
    if not context.is_first:
        return changes_of(
            context.graph.pages_from(context.page, type=_GraphUser),
            lambda changed: map(partial(_record, leaves_out_null=True), changed),
        )
    _, link = latest_of(context.graph.pages_from(context.page, type=_GraphUser))
    listed = context.graph.items(_LIST, type=_GraphUser, select=FIELDS, top=_LARGEST_PAGE)
    records = {user.id: _record(user) for user in listed}
    return Reading(records=list(records.values()), is_complete=True, link=link)


def _record(user: _GraphUser, *, leaves_out_null: bool = False) -> Record:
    """The row of a user; changes leave out what is null, so that what they lack is null, too."""
    if leaves_out_null and user.on_premises_immutable_id is msgspec.UNSET:
        user.on_premises_immutable_id = None
    is_guest = (user.user_type or "").casefold() == "guest"
    # Encoded at once: the objects of a hundred thousand users would take more memory than everything else.
    return Record(key=user.id, body=encoded(_to_user(user, is_guest=is_guest)), kind="guest" if is_guest else "member")


# Users share few products, titles and offices, so that cleaning is cached.
_cached_sku = lru_cache(maxsize=1024)(identifier)
_cached_text = lru_cache(maxsize=1024)(clean_or_none)


def _to_user(user: _GraphUser, *, is_guest: bool) -> User:
    username = clean(user.user_principal_name or "")
    is_same = user.mail == user.user_principal_name  # true for most users
    return User(
        id=user.id,
        name=clean(user.display_name or "") or user.id,
        username=username,
        given_name=clean_or_none(user.given_name),
        surname=clean_or_none(user.surname),
        mail=(username or None) if is_same else clean_or_none(user.mail),
        is_enabled=user.account_enabled,
        is_guest=is_guest,
        job_title=_cached_text(user.job_title),
        department=_cached_text(user.department),
        office=_cached_text(user.office_location),
        mobile_phone=clean_or_none(user.mobile_phone),
        business_phones=[clean(phone) for phone in user.business_phones or ()],
        usage_location=_cached_text(user.usage_location),
        license_ids=_skus(user.assigned_licenses or ()),
        company=_cached_text(user.company_name),
        employee_id=clean_or_none(user.employee_id),
        aliases=_aliases(user),
        other_mails=in_order(user.other_mails) if user.other_mails else [],
        created_at=moment(user.created_date_time),
        immutable_id=text_if_sent(user.on_premises_immutable_id),
        is_synced=user.on_premises_sync_enabled,
        home_issuer=_home_issuer(user.identities or ()) if is_guest else None,
        license_groups=_license_groups(user.license_assignment_states or ()),
        license_errors={
            sku: clean(it.error)
            for it in user.license_assignment_states or ()
            if it.error and it.error != _NO_ERROR and (sku := _cached_sku(it.sku_id))
        },
    )


def _aliases(user: _GraphUser) -> list[str]:
    """Further mail addresses; the main one is ``mail``."""
    addresses = user.proxy_addresses
    if not addresses:
        return []
    found = {clean(it[len(_MAIL) :]) for it in addresses if it[: len(_MAIL)].lower() == _MAIL}
    return sorted(found - {user.mail})


def _home_issuer(identities: Sequence[_GraphIdentity]) -> str | None:
    return next((_cached_text(it.issuer) for it in identities if it.sign_in_type == _FEDERATED), None)


def _license_groups(states: Sequence[_LicenseState]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for it in states:
        if it.assigned_by_group and (sku := _cached_sku(it.sku_id)):
            groups.setdefault(sku, []).append(it.assigned_by_group)
    return groups


def _skus(licenses: Sequence[_AssignedLicense]) -> list[str]:
    skus = [sku_id for it in licenses if (sku_id := _cached_sku(it.sku_id))]
    return sorted(set(skus)) if len(skus) > 1 else skus


USERS = Dataset(
    name="users",
    is_core=True,
    permission="User.Read.All",
    record=User,
    version=2,
    first_request=FirstRequest(path=_DELTA, query={"select": FIELDS, "deltatoken": "latest"}, page=_GraphUser),
    read=_read,
    full_read_every=timedelta(days=7),  # deletions are sometimes missing in changes, as has been reported
    route=ReadRoute("users", "The tenant's users, as last synced."),
)
