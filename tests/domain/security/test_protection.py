"""Who is protected by MFA, and who has to do what about it."""

import pytest

from integrations.domain.security.certainty import Certainty
from integrations.domain.security.policy_people import SignedInPerson, guest_kind_of, signed_in_person
from integrations.domain.security.protection import (
    CountedAs,
    Enrolled,
    Enrollment,
    Protection,
    counted_as,
    enrolled,
    home_mfa_accepted,
    is_protected,
    protection,
)
from integrations.domain.sync.records import User
from integrations.domain.sync.security_records import CrossTenantAccess, Registration

YES, NO, UNKNOWN = Certainty.YES, Certainty.NO, Certainty.UNKNOWN
BOTH = Enrolled(Enrollment.YES, Enrollment.YES)
NEITHER = Enrolled(Enrollment.NO, Enrollment.NO)
NOT_ALLOWED = Enrolled(Enrollment.YES, Enrollment.NO)
NOT_KNOWN = Enrolled(Enrollment.UNKNOWN, Enrollment.UNKNOWN)
AT_HOME = Enrolled(Enrollment.HOME_TENANT, Enrollment.HOME_TENANT)
ADELE, GINA = SignedInPerson("adele"), SignedInPerson("gina", "b2bCollaborationGuest")
INES = SignedInPerson("ines", "internalGuest")


def account(username: str = "adele@contoso.com", *, enabled: bool | None = True, guest: bool = False) -> User:
    return User(id="a", name="A", username=username, is_enabled=enabled, is_guest=guest)


def report(*, registered: bool, capable: bool) -> Registration:
    return Registration(user_id="a", name="A", username="a", is_mfa_registered=registered, is_mfa_capable=capable)


@pytest.mark.parametrize(
    ("required", "enrollment", "expected", "protected"),
    [
        pytest.param(YES, BOTH, Protection.PROTECTED, YES, id="required and usable"),
        pytest.param(YES, AT_HOME, Protection.PROTECTED, YES, id="a guest whose home is believed"),
        pytest.param(YES, NEITHER, Protection.TO_REGISTER, NO, id="required, nothing registered"),
        pytest.param(YES, NOT_ALLOWED, Protection.TO_REGISTER, NO, id="required, only a forbidden method"),
        pytest.param(
            YES, Enrolled(Enrollment.YES, Enrollment.UNKNOWN), Protection.UNKNOWN, UNKNOWN, id="perhaps forbidden"
        ),
        pytest.param(YES, NOT_KNOWN, Protection.UNKNOWN, UNKNOWN, id="required, no report"),
        pytest.param(NO, BOTH, Protection.NOT_REQUIRED, NO, id="registered, not required"),
        pytest.param(NO, NEITHER, Protection.EXPOSED, NO, id="neither"),
        pytest.param(NO, NOT_KNOWN, Protection.UNKNOWN, NO, id="not required, no report"),
        pytest.param(UNKNOWN, BOTH, Protection.UNKNOWN, UNKNOWN, id="registered, not known whether required"),
        pytest.param(UNKNOWN, NEITHER, Protection.UNKNOWN, NO, id="not registered, not known whether required"),
    ],
)
def test_people_belong_in_the_list_that_says_what_to_do(
    required: Certainty, enrollment: Enrolled, expected: Protection, protected: Certainty
) -> None:
    assert protection(required, enrollment) is expected
    assert is_protected(required, enrollment) is protected


@pytest.mark.parametrize(
    ("person", "registration", "home_mfa", "expected"),
    [
        pytest.param(ADELE, report(registered=True, capable=False), YES, NOT_ALLOWED, id="as the report says"),
        pytest.param(ADELE, None, NO, NOT_KNOWN, id="not in the report"),
        pytest.param(GINA, report(registered=False, capable=False), YES, AT_HOME, id="a guest whose home is believed"),
        pytest.param(GINA, report(registered=False, capable=False), NO, NEITHER, id="a guest who registers here"),
        pytest.param(
            GINA, report(registered=False, capable=False), UNKNOWN, NOT_KNOWN, id="a guest from who knows where"
        ),
        pytest.param(GINA, report(registered=True, capable=True), UNKNOWN, BOTH, id="a guest who did register here"),
        pytest.param(INES, report(registered=False, capable=False), YES, NEITHER, id="a guest with an account here"),
    ],
)
def test_what_people_registered_may_be_known_or_at_home(
    person: SignedInPerson, registration: Registration | None, home_mfa: Certainty, expected: Enrolled
) -> None:
    assert enrolled(person, registration, home_mfa) == expected


def trust(partner: str | None, accepts: bool | None) -> CrossTenantAccess:
    return CrossTenantAccess(partner_id=partner, trusts_mfa=accepts)


@pytest.mark.parametrize(
    ("settings", "home", "expected"),
    [
        pytest.param(None, "t1", UNKNOWN, id="settings not known"),
        pytest.param([], "t1", NO, id="nothing set"),
        pytest.param([trust(None, True)], "t1", YES, id="the default"),
        pytest.param([trust(None, True), trust("t1", False)], "t1", NO, id="a partner's own setting"),
        pytest.param([trust(None, True), trust("t1", None)], "t1", YES, id="a partner as in the default"),
        pytest.param([trust(None, True), trust("t1", True)], None, YES, id="home not known, all accepted"),
        pytest.param([trust(None, False), trust("t1", True)], None, UNKNOWN, id="home not known, some accepted"),
    ],
)
def test_a_guests_home_is_believed_where_settings_say_so(
    settings: list[CrossTenantAccess] | None, home: str | None, expected: Certainty
) -> None:
    assert home_mfa_accepted(settings, home) is expected


@pytest.mark.parametrize(
    ("user", "is_room", "expected"),
    [
        pytest.param(account(), False, CountedAs.PERSON, id="a person"),
        pytest.param(account(enabled=None), False, CountedAs.PERSON, id="perhaps enabled"),
        pytest.param(account(guest=True), False, CountedAs.GUEST, id="a guest"),
        pytest.param(account(), True, CountedAs.ROOM, id="a room"),
        pytest.param(account(enabled=False, guest=True), True, CountedAs.DISABLED, id="disabled"),
    ],
)
def test_guests_rooms_and_disabled_accounts_are_counted_apart(user: User, is_room: bool, expected: CountedAs) -> None:
    assert counted_as(user, is_room=is_room) is expected


@pytest.mark.parametrize(
    ("user", "kind"),
    [
        pytest.param(account(), None, id="the tenant's own"),
        pytest.param(account("gina_fabrikam.com#EXT#@contoso.com", guest=True), "b2bCollaborationGuest", id="invited"),
        pytest.param(account("mei_fabrikam.com#ext#@contoso.com"), "b2bCollaborationMember", id="invited as a member"),
        pytest.param(account(guest=True), "internalGuest", id="a guest with an account here"),
    ],
)
def test_kinds_of_guests_are_told_by_name_and_type(user: User, kind: str | None) -> None:
    assert guest_kind_of(user) == kind
    assert signed_in_person(user) == SignedInPerson("a", kind)
