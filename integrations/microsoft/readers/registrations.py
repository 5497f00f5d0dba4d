"""What people have registered for MFA, passwordless sign-in and password reset: a report, which is delayed.

The report needs Entra ID P1 and allows five requests in ten seconds.
Source: https://learn.microsoft.com/graph/api/authenticationmethodsroot-list-userregistrationdetails
"""

from collections import Counter

import msgspec

from integrations.domain.security.mfa import kind_of_registration
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.packing import pack
from integrations.domain.sync.security_records import Registration, RegistrationPage
from integrations.domain.text import clean
from integrations.microsoft.dataset import ENTRA_ID_P1, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, moment
from integrations.microsoft.limits import Service

# Microsoft's OpenAPI has $top here, the operation's page does not; if refused, it is left out (``read_datasets``).
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


def _read(context: ReadContext) -> Reading:
    registrations = context.by_id_as(_Details, _to_registration)
    # Not encoded yet: the objects reuse memory that the users' left, which texts of this size could not.
    records = [Record(key=key, body=RegistrationPage(people=people)) for key, people in pack(registrations).items()]
    return Reading(
        records=records,
        is_complete=True,
        counts_by_kind=Counter(kind_of_registration(it) for it in registrations.values()),
    )


def _to_registration(details: _Details) -> Registration:
    preferred = clean(details.user_preferred_method_for_secondary_authentication or "")
    return Registration(
        user_id=details.id,
        name=clean(details.user_display_name or "") or details.id,
        username=clean(details.user_principal_name or ""),
        is_mfa_registered=details.is_mfa_registered,
        is_mfa_capable=details.is_mfa_capable,
        is_admin=details.is_admin,
        is_guest=(details.user_type or "").casefold() == "guest",
        is_passwordless_capable=details.is_passwordless_capable,
        is_sspr_registered=details.is_sspr_registered,
        methods=sorted(clean(method) for method in details.methods_registered),
        preferred_method=None if preferred in _NOTHING else preferred,
        as_of=moment(details.last_updated_date_time),
    )


REGISTRATIONS = Dataset(
    name="registrations",
    permission="AuditLog.Read.All",
    record=RegistrationPage,
    first_request=FirstRequest(
        path="/reports/authenticationMethods/userRegistrationDetails", query={"top": _LARGEST_PAGE}, page=_Details
    ),
    read=_read,
    service=Service.REPORTS,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P1,
)
