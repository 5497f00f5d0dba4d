"""What becomes of assignments when End Users become one, or are erased."""

from integrations.domain.assets.asset import AssetAssignment, AssignedBy, assigned
from integrations.domain.assets.assignments import after_erasure, after_merge, names
from integrations.domain.ids import EndUserId
from tests.domain.assets.fleets import NOW, ago

ANA, BOB, CAROL = (EndUserId(it) for it in ("eu_ana", "eu_bob", "eu_carol"))


def handed_on(*end_user_ids: EndUserId) -> AssetAssignment:
    """An asset that belonged to these one after the other."""
    assignment = None
    for days, it in enumerate(end_user_ids):
        assignment = assigned(assignment, it, AssignedBy.MICROSOFT, ago(days=10 - days))
    assert assignment is not None
    return assignment


def people_of(assignment: AssetAssignment) -> list[EndUserId | None]:
    """Whose it is, and whose it was, the latest first."""
    return [assignment.end_user_id, *(it.end_user_id for it in assignment.former)]


def test_a_merged_end_user_hands_everything_to_the_survivor() -> None:
    now = handed_on(BOB, ANA, BOB)

    after = after_merge(now, BOB, CAROL)

    assert people_of(after) == [CAROL, ANA, CAROL]
    assert (after.since, after.by) == (now.since, now.by)
    assert after_merge(after, BOB, CAROL) == after
    assert people_of(after_merge(handed_on(ANA), BOB, CAROL)) == [ANA]


def test_an_erased_end_user_is_in_no_assignment() -> None:
    assert after_erasure(handed_on(ANA, BOB), BOB) is None

    after = after_erasure(handed_on(BOB, CAROL, ANA), BOB)

    assert after is not None
    assert people_of(after) == [ANA, CAROL]


def test_an_assignment_names_whom_it_belongs_and_belonged_to() -> None:
    now = handed_on(BOB, ANA)
    nobody = assigned(now, None, AssignedBy.MANUAL, NOW)

    assert [names(now, it) for it in (ANA, BOB, CAROL)] == [True, True, False]
    assert [names(nobody, it) for it in (ANA, BOB, CAROL)] == [True, True, False]
