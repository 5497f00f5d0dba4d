"""What people have registered for MFA, passwordless sign-in and password reset: a report, which lags.

The report takes Entra ID P1 and allows five requests in ten seconds.
Source: https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
"""

from collections import Counter

import msgspec

from integrations.domain.security.mfa import kind_of_registration
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.packing import pack
from integrations.domain.sync.records import Registration, RegistrationPage
from integrations.domain.text import clean
from integrations.microsoft.dataset import ENTRA_ID_P1, Dataset, FirstRequest, ReadContext, Service
from integrations.microsoft.fillers import GraphDateTime, moment

# Microsoft's OpenAPI lists $top here, the operation's page does not; refused, it is left out (``reading``).
_LARGEST_PAGE = "999"
_NOTHING = frozenset({"", "none"})  # the report says both for "no preferred method"


class _Details(msgspec.Struct, rename="camel", kw_only=True):
    id: str
    user_principal_name: str | None = None
    user_display_name: str | None = None
    user_type: str | None = None
    is_admin: bool | None = None
    is_mfa_registered: bool
    is_mfa_capable: bool
    is_passwordless_capable: bool = False
    is_sspr_registered: bool = False
    methods_registered: list[str] = []
    user_preferred_method_for_secondary_authentication: str | None = None
    last_updated_date_time: GraphDateTime | None = None


def _read(asked: ReadContext) -> Reading:
    found = asked.told_by_id(_Details, _told)
    # Not as text: the objects fit into what the users' have left, and texts of that size into nothing.
    records = [Record(key=key, body=RegistrationPage(people=people)) for key, people in pack(found).items()]
    return Reading(
        records=records, is_complete=True, counts_by_kind=Counter(kind_of_registration(it) for it in found.values())
    )


def _told(it: _Details) -> Registration:
    preferred = clean(it.user_preferred_method_for_secondary_authentication or "")
    return Registration(
        user_id=it.id,
        name=clean(it.user_display_name or "") or it.id,
        username=clean(it.user_principal_name or ""),
        is_mfa_registered=it.is_mfa_registered,
        is_mfa_capable=it.is_mfa_capable,
        is_admin=it.is_admin,
        is_guest=(it.user_type or "").casefold() == "guest",
        is_passwordless_capable=it.is_passwordless_capable,
        is_sspr_registered=it.is_sspr_registered,
        methods=sorted(clean(method) for method in it.methods_registered),
        preferred_method=None if preferred in _NOTHING else preferred,
        as_of=moment(it.last_updated_date_time),
    )


REGISTRATIONS = Dataset(
    name="registrations",
    permission="AuditLog.Read.All",
    record=RegistrationPage,
    source=FirstRequest(
        first="/reports/authenticationMethods/userRegistrationDetails", query={"top": _LARGEST_PAGE}, page=_Details
    ),
    read=_read,
    service=Service.REPORTS,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P1,
)
