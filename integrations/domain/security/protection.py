"""Whether somebody is protected by MFA: what they have registered, and what is required of them. Pure.

That MFA is registered, that it can be used, and that it is required are different things, and any may be unknown.
"""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple, Protocol

from integrations.domain.security.certainty import Certainty, all_of
from integrations.domain.security.policy_people import INTERNAL_GUEST, SignedInPerson
from integrations.domain.sync.records import User
from integrations.domain.sync.security_records import CrossTenantAccess


class CountedAs(Enum):
    """Among whom somebody is counted."""

    PERSON = "person"
    GUEST = "guest"
    DISABLED = "disabled"
    ROOM = "room"


class Enrollment(Enum):
    """Whether somebody has registered, or can use, a method of MFA."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    HOME_TENANT = "home tenant"  # a guest proves it there, and that is accepted here


class Protection(Enum):
    """What has to be done about somebody's MFA; ``UNKNOWN`` where one of the answers that decide is not known."""

    PROTECTED = "protected"
    EXPOSED = "exposed"  # neither required nor registered
    NOT_REQUIRED = "not_asked"  # registered, but not required
    TO_REGISTER = "to_register"  # required, but nothing usable is registered: whoever has the password may do that
    UNKNOWN = "unknown"


class Enrolled(NamedTuple):
    """What somebody has registered, and whether they can use it: the method must be allowed, too."""

    registered: Enrollment
    capable: Enrollment


class RegistrationFlags(Protocol):
    """What the registration report says of somebody, as far as it matters here (a ``Registration`` has it)."""

    @property
    def is_mfa_registered(self) -> bool: ...

    @property
    def is_mfa_capable(self) -> bool: ...


def counted_as(user: User, *, is_room: bool = False) -> CountedAs:
    """Licences make no difference. An account of which Microsoft does not say that it is disabled is enabled."""
    if user.is_enabled is False:
        return CountedAs.DISABLED
    if is_room:
        return CountedAs.ROOM
    return CountedAs.GUEST if user.is_guest else CountedAs.PERSON


def enrolled(person: SignedInPerson, registration: RegistrationFlags | None, home_mfa: Certainty) -> Enrolled:
    """What is known about somebody; ``home_mfa`` is whether a guest's own tenant is believed (``home_mfa_accepted``).

    ``registration`` is None for whoever is not in the report, and for everybody if there is no report.
    """
    is_external = person.guest_kind not in {None, INTERNAL_GUEST}
    if is_external and home_mfa is Certainty.YES:
        return Enrolled(Enrollment.HOME_TENANT, Enrollment.HOME_TENANT)
    may_be_elsewhere = is_external and home_mfa is Certainty.UNKNOWN
    if registration is None:
        return Enrolled(Enrollment.UNKNOWN, Enrollment.UNKNOWN)
    lacking = Enrollment.UNKNOWN if may_be_elsewhere else Enrollment.NO
    return Enrolled(
        Enrollment.YES if registration.is_mfa_registered else lacking,
        Enrollment.YES if registration.is_mfa_capable else lacking,
    )


def home_mfa_accepted(settings: Iterable[CrossTenantAccess] | None, home_tenant: str | None) -> Certainty:
    """Whether MFA that a guest proved at home is accepted here; the settings are None if they are not known."""
    if settings is None:
        return Certainty.UNKNOWN
    by_partner = {it.partner_id: it.trusts_mfa for it in settings}
    default = bool(by_partner.pop(None, None))
    if home_tenant is None:
        return _agreed({default, *(default if it is None else it for it in by_partner.values())})
    own = by_partner.get(home_tenant)
    return Certainty.YES if (default if own is None else own) else Certainty.NO


def protection(required: Certainty, enrollment: Enrolled) -> Protection:
    """The list in which somebody belongs."""
    registered, capable = enrollment
    if required is Certainty.UNKNOWN or registered is Enrollment.UNKNOWN:
        return Protection.UNKNOWN
    if required is Certainty.NO:
        return Protection.EXPOSED if registered is Enrollment.NO else Protection.NOT_REQUIRED
    by_use = {Enrollment.NO: Protection.TO_REGISTER, Enrollment.UNKNOWN: Protection.UNKNOWN}
    return by_use.get(capable, Protection.PROTECTED)


def is_protected(required: Certainty, enrollment: Enrolled) -> Certainty:
    """Whether MFA is required and can be used: no as soon as one is not so, even if the other is not known."""
    capable = enrollment.capable
    usable = Certainty.YES if capable is Enrollment.HOME_TENANT else Certainty(capable.value)
    return all_of((required, usable))


def _agreed(answers: set[bool]) -> Certainty:
    if len(answers) > 1:
        return Certainty.UNKNOWN
    return Certainty.YES if answers == {True} else Certainty.NO
