"""What only few tenants have: sign-ins that are held in many parts, guests alike, roles that somebody does not have."""

from integrations.domain.policies.conditional_access import ExternalUsers, PolicyUsers
from integrations.domain.security.mfa_causes import why_excluded
from integrations.domain.security.policy_people import GUEST, Audiences, Directory, SignedInPerson
from integrations.domain.security.sign_ins.space import SignInSpace
from integrations.domain.sync.security_records import RoleMember


def test_parts_that_come_back_in_another_branch_hold_every_sign_in_together() -> None:
    space = SignInSpace()
    first, second, clients, *rest = space.everything
    halves = [(1, *rest), (clients & ~1, *rest)]
    regions = [(a, b, *half) for a, b in ((1, second), (first & ~1, 1), (first & ~1, second & ~1)) for half in halves]

    assert space.covered_by(regions)
    assert not space.covered_by(regions[1:])


def test_guests_of_one_kind_are_reached_alike() -> None:
    guests = PolicyUsers(external=ExternalUsers(kinds=["b2bCollaborationGuest"]))
    audiences = Audiences([guests], [PolicyUsers()], Directory(groups={}, roles=[]))

    one, other = (audiences.reach(SignedInPerson(id=it, guest_kind=GUEST)) for it in ("g1", "g2"))

    assert one == other
    assert one.surely == 1


def test_an_exclusion_is_told_by_the_role_that_somebody_has() -> None:
    holder = RoleMember(role_id="r2", role="Helpdesk Administrator", member_id="u", kind="user")
    directory = Directory(groups={}, roles=[holder])

    why = why_excluded(PolicyUsers(roles=["r1", "r2"]), SignedInPerson(id="u"), directory)

    assert why == "excluded by the role Helpdesk Administrator"
