"""Rules of a removal: what is told of it, in which words, and what is kept in the end."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integrations.domain import removal as rules
from integrations.domain.ids import FlowId, IntegrationId, RemovalId, TenantId, UserId
from integrations.domain.integrations import Integration, Kind, Proof
from integrations.domain.removal import AccessPath, Presence, Removal, TenantRemoval, UninstallOutcome
from integrations.domain.retry_delays import UNINSTALL
from integrations.views.removal.effects import effects, effects_of_all
from integrations.views.removal.leftovers import leftover_view
from integrations.views.removal.steps import steps

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUIET = timedelta(minutes=15)
TENANT = TenantId("11111111-1111-4111-8111-111111111111")


def integration(kind: Kind = Kind.SINGLE) -> Integration:
    proof = Proof(tenant_id=TENANT, object_id="o", flow_id=FlowId("flow_x"), proven_at=NOW)
    return Integration(
        id=IntegrationId("int_abc"),
        kind=kind,
        name="Contoso",
        tenant_id=TENANT,
        proof=proof,
        version=1,
        created_at=NOW,
        created_by=UserId("user_alice"),
    )


def begun(kind: Kind = Kind.SINGLE, **changes: object) -> Removal:
    return msgspec.structs.replace(rules.begin(integration(kind), UserId("user_alice"), NOW), **changes)


def tenant_removal(number: int = 1, **changes: object) -> TenantRemoval:
    bare = TenantRemoval(
        removal_id=RemovalId("rem_abc"),
        tenant_id=TenantId(f"{number:08d}-1111-4111-8111-111111111111"),
        name=f"Tenant {number}",
        access_path=AccessPath.THROUGH_PARTNER,
    )
    return msgspec.structs.replace(bare, **changes)


def states(removal: Removal, *tenant_removals: TenantRemoval) -> dict[str, str]:
    return {it.name: it.state for it in steps(removal, tenant_removals, QUIET)}


def detail(removal: Removal, step: str, *tenant_removals: TenantRemoval) -> str:
    return next(it.detail for it in steps(removal, tenant_removals, QUIET) if it.name == step)


def test_an_integration_has_one_removal_of_its_name() -> None:
    assert begun().id == "rem_abc"
    assert begun().is_under_way
    assert not begun(forgotten_at=NOW).is_under_way


def test_microsoft_is_asked_again_sooner_at_first_and_for_a_day() -> None:
    assert [UNINSTALL.after(tries).total_seconds() for tries in range(5)] == [30, 60, 120, 300, 300]
    assert not begun().gives_up(NOW + timedelta(hours=23))
    assert begun().gives_up(NOW + timedelta(hours=24))


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        ({}, "done running waiting waiting waiting waiting waiting"),
        ({"fenced_at": NOW}, "done done running waiting waiting waiting waiting"),
        ({"fenced_at": NOW, "swept_at": NOW}, "done done done running waiting waiting waiting"),
        ({"fenced_at": NOW, "swept_at": NOW, "left_at": NOW}, "done done done done running waiting waiting"),
        (
            {"fenced_at": NOW, "swept_at": NOW, "left_at": NOW, "destroyed_at": NOW},
            "done done done done done running waiting",
        ),
        (
            {"fenced_at": NOW, "swept_at": NOW, "left_at": NOW, "destroyed_at": NOW, "forgotten_at": NOW},
            "done done done done done done waiting",
        ),
        (
            {
                "fenced_at": NOW,
                "swept_at": NOW,
                "left_at": NOW,
                "destroyed_at": NOW,
                "forgotten_at": NOW,
                "verified_at": NOW,
            },
            "done done done done done done done",
        ),
    ],
)
def test_one_step_follows_another(done: dict[str, datetime], expected: str) -> None:
    assert " ".join(states(begun(Kind.CSP, **done), tenant_removal()).values()) == expected


def test_a_single_tenant_has_no_sign_in_to_destroy() -> None:
    assert states(begun())["credential"] == "skipped"


def test_progress_says_how_many_tenants_are_still_to_go() -> None:
    fenced = begun(Kind.CSP, fenced_at=NOW)
    swept = tenant_removal(1, is_swept=True, rows={"users": 7})

    assert detail(fenced, "data", swept, tenant_removal(2)) == "7 rows deleted. 1 of 2 tenants remaining."
    assert detail(begun(), "data", tenant_removal()) == "0 rows deleted."
    assert detail(begun(fenced_at=NOW, swept_at=NOW, rows={"users": 9}), "data") == "9 rows deleted."
    assert detail(fenced, "microsoft", swept, tenant_removal(2)) == "2 of 2 tenants remaining."
    assert detail(begun(), "microsoft", tenant_removal()) == ""
    waiting = msgspec.structs.replace(fenced, tries=2)
    assert detail(waiting, "microsoft", tenant_removal()).startswith(
        "Microsoft is not answering. We try again automatically."
    )


def test_how_microsofts_side_ended_is_counted() -> None:
    told = [
        tenant_removal(1, outcome=UninstallOutcome.REMOVED, rows={"users": 3}),
        tenant_removal(2, outcome=UninstallOutcome.REMOVED, rows={"users": 4, "devices": 1}),
        tenant_removal(3, outcome=UninstallOutcome.KEPT),
        tenant_removal(4, outcome=UninstallOutcome.ABSENT),
        tenant_removal(5, outcome=UninstallOutcome.BY_HAND, access_path=AccessPath.PARTNER_ITSELF),
        tenant_removal(6, outcome=UninstallOutcome.NO_RIGHTS),
        tenant_removal(7, outcome=UninstallOutcome.NO_RIGHTS),
        tenant_removal(8, outcome=UninstallOutcome.UNCONFIRMED),
    ]
    ended = msgspec.structs.replace(rules.totals(begun(Kind.CSP), told), left_at=NOW)

    assert ended.tenants == 7
    assert ended.rows == {"devices": 1, "users": 7}
    assert ended.outcomes == {
        "absent": 1, "by_hand": 1, "kept": 1, "no_rights": 2, "removed": 2, "unconfirmed": 1,
    }  # fmt: skip
    assert states(ended)["microsoft"] == "done"
    assert detail(ended, "microsoft") == (
        "Removed from 2 tenants. In 2 tenants our application has no permissions left; an empty entry remains. "
        "In 1 tenant its permissions were removed, and we are verifying that they are gone. No longer present in "
        "1 tenant. Left unchanged in 1 tenant. Left to do by hand in 1 tenant."
    )
    assert rules.recounted(ended, UninstallOutcome.UNCONFIRMED, UninstallOutcome.NO_RIGHTS).outcomes == {
        "absent": 1, "by_hand": 1, "kept": 1, "no_rights": 3, "removed": 2,
    }  # fmt: skip


def test_what_could_not_be_done_is_a_failed_step() -> None:
    told = [tenant_removal(1, outcome=UninstallOutcome.IMPOSSIBLE), tenant_removal(2, outcome=UninstallOutcome.BY_HAND)]
    ended = msgspec.structs.replace(rules.totals(begun(Kind.CSP), told), left_at=NOW)

    assert states(ended)["microsoft"] == "failed"
    assert detail(ended, "microsoft") == "Left to do by hand in 2 tenants."


def test_the_second_look_says_what_it_found() -> None:
    assert detail(begun(verified_at=NOW), "verified") == "Nothing is left."
    assert detail(begun(verified_at=NOW, late_rows=3), "verified") == "3 late rows were found and deleted."
    assert detail(begun(), "verified").startswith("15 minutes after the last step")


def test_a_tombstone_can_be_recognized_but_not_read() -> None:
    stone = rules.tombstone(begun(), "salt")

    assert stone.name == ""
    assert len(stone.tenant_id) == 64
    assert rules.tombstone(begun(), "salt").tenant_id == stone.tenant_id
    assert rules.tombstone(begun(), "other").tenant_id != stone.tenant_id


def test_what_is_left_over_says_who_does_what() -> None:
    impossible = tenant_removal(outcome=UninstallOutcome.IMPOSSIBLE)
    seen_again = tenant_removal(outcome=UninstallOutcome.REMOVED, is_still_there=True, name="")

    assert impossible.is_left_over
    assert seen_again.is_left_over
    assert tenant_removal(outcome=UninstallOutcome.BY_HAND).is_left_over
    assert not any(
        tenant_removal(outcome=it).is_left_over
        for it in (UninstallOutcome.REMOVED, UninstallOutcome.NO_RIGHTS, UninstallOutcome.UNCONFIRMED)
    )
    told = leftover_view(impossible, "app-1")
    assert told.what == f"Our application could not be removed from Tenant 1 ({told.tenant_id})."
    assert "as Cloud Application Administrator or Application Administrator of that tenant" in told.how
    assert told.steps[-2:] == ["Search for app-1, and open the application.", "Select Properties > Delete."]
    assert " ".join(told.steps) in told.how
    assert "Remove-MgServicePrincipal" in told.how
    assert "restore it for 30 days" in told.how
    assert leftover_view(seen_again, "app-1").what.startswith("Our application was removed from 00000001-")
    assert "still accepts it there" in leftover_view(seen_again, "app-1").what
    assert (
        "no permissions of its own"
        in leftover_view(tenant_removal(outcome=UninstallOutcome.IMPOSSIBLE, is_stripped=True), "a").what
    )
    assert "your own tenant" in leftover_view(tenant_removal(outcome=UninstallOutcome.BY_HAND), "a").what


@pytest.mark.parametrize(
    ("outcome", "presence", "expected", "is_left_over"),
    [
        pytest.param("removed", "unknown", "removed", False, id="nothing can be told"),
        pytest.param("removed", "gone", "removed", False, id="as it should be"),
        pytest.param("removed", "with roles", "removed", True, id="it is back"),
        pytest.param("removed", "empty", "no_rights", False, id="an entry came back"),
        pytest.param("absent", "gone", "absent", False, id="it never was there"),
        pytest.param("no_rights", "gone", "removed", False, id="the entry went later"),
        pytest.param("unconfirmed", "empty", "no_rights", False, id="confirmed"),
        pytest.param("unconfirmed", "unknown", "unconfirmed", False, id="still not confirmed"),
        pytest.param("unconfirmed", "with roles", "unconfirmed", True, id="it was not carried out"),
        pytest.param("by_hand", "empty", "by_hand", True, id="not done by hand yet"),
        pytest.param("by_hand", "gone", "absent", False, id="done by hand"),
        pytest.param("impossible", "with roles", "impossible", True, id="not done at all"),
        pytest.param("impossible", "gone", "absent", False, id="done by somebody"),
        pytest.param("kept", "with roles", "kept", False, id="another holds it"),
        pytest.param("waiting", "gone", "waiting", False, id="its turn comes"),
    ],
)
def test_another_look_at_a_tenant_tells_how_it_ended(
    outcome: str, presence: str, expected: str, is_left_over: bool
) -> None:
    seen = tenant_removal(outcome=UninstallOutcome(outcome)).checked(Presence(presence), NOW)

    assert (seen.outcome.value, seen.is_left_over) == (expected, is_left_over)
    assert seen.seen_at == (NOW if is_left_over else None)


def test_what_came_back_and_went_again_is_off_the_list() -> None:
    back = tenant_removal(outcome=UninstallOutcome.REMOVED, is_still_there=True)

    assert not back.checked(Presence.GONE, NOW).is_left_over
    assert not back.checked(Presence.EMPTY, NOW).is_left_over
    assert not tenant_removal(outcome=UninstallOutcome.BY_HAND).closed(UninstallOutcome.KEPT).is_left_over


def test_what_is_left_by_hand_is_looked_for_often_at_first_and_then_once_a_day() -> None:
    left, ended = (
        [tenant_removal(outcome=UninstallOutcome.BY_HAND)],
        begun(Kind.CSP, forgotten_at=NOW, verified_at=NOW + QUIET),
    )
    now, looks = NOW, []
    while now < NOW + timedelta(days=30):
        now = rules.next_check(ended, left, now, QUIET)
        looks.append((now - NOW) / timedelta(minutes=1))

    assert looks[:8] == [1, 5, 15, 60, 360, 1440, 2880, 4320]
    assert looks[-1] == 30 * 1440
    assert rules.next_check(ended, [], NOW, QUIET) == NOW + QUIET + timedelta(days=30)


def test_a_removal_that_has_ended_is_verified_after_the_quiet_time_and_forgotten_after_a_month() -> None:
    ended = begun(forgotten_at=NOW)
    verified = msgspec.structs.replace(ended, verified_at=NOW + QUIET)

    assert rules.next_check(ended, [], NOW, QUIET) == NOW + QUIET
    assert (
        rules.next_check(ended, [tenant_removal(outcome=UninstallOutcome.IMPOSSIBLE)], NOW + QUIET / 2, QUIET)
        == NOW + QUIET
    )
    assert not begun().must_be_verified(NOW + QUIET, QUIET)
    assert not ended.must_be_verified(NOW, QUIET)
    assert ended.must_be_verified(NOW + QUIET, QUIET)
    assert not verified.must_be_verified(NOW + QUIET, QUIET)
    assert ended.is_kept(NOW + timedelta(days=99), [])
    assert verified.is_kept(NOW + timedelta(days=30), [])
    assert not verified.is_kept(NOW + QUIET + timedelta(days=30), [])


def test_a_removal_is_not_forgotten_before_somebody_says_that_its_last_step_is_done() -> None:
    verified = begun(forgotten_at=NOW, verified_at=NOW + QUIET)
    left = tenant_removal(outcome=UninstallOutcome.BY_HAND)
    done = left.marked_done(UserId("user_alice"), NOW + timedelta(days=2))
    later = NOW + timedelta(days=45)

    assert verified.is_kept(later, [left])
    assert rules.next_check(verified, [left], later, QUIET) == later + timedelta(days=1)
    assert not verified.is_kept(NOW + timedelta(days=401), [left])
    assert not verified.is_kept(later, [done])


def test_a_step_that_is_marked_as_done_is_left_over_until_our_own_check_agrees() -> None:
    left = tenant_removal(outcome=UninstallOutcome.BY_HAND)
    done = left.marked_done(UserId("user_alice"), NOW)

    assert (done.is_to_do, done.is_left_over) == (False, True)
    assert done.marked_done(UserId("user_amy"), NOW + QUIET) == done
    assert done.checked(Presence.EMPTY, NOW + QUIET).done_by == "user_alice"
    assert not done.checked(Presence.GONE, NOW + QUIET).is_left_over
    nothing = tenant_removal(outcome=UninstallOutcome.REMOVED)
    assert nothing.marked_done(UserId("user_alice"), NOW) == nothing


@pytest.mark.parametrize(
    ("at", "label"),
    [
        ({}, "Delete the stored credential"),
        ({"left_at": NOW}, "Delete the stored credential"),
        ({"left_at": NOW, "destroyed_at": NOW}, "Stored credential deleted"),
    ],
)
def test_a_step_says_what_is_to_do_until_it_is_done(at: dict[str, datetime], label: str) -> None:
    told = {it.name: it.label for it in steps(begun(Kind.CSP, **at), [], QUIET)}

    assert told["credential"] == label
    assert told["verified"] == "Verify"


def test_what_is_left_by_hand_is_not_called_removed() -> None:
    ended = begun(Kind.CSP, left_at=NOW, outcomes={"removed": 3, "by_hand": 1})
    told = {it.name: (it.label, it.state) for it in steps(ended, [], QUIET)}

    assert told["microsoft"] == ("Application removed where Microsoft allows it", "done")


def test_effects_are_told_in_the_words_of_the_page() -> None:
    single = effects(integration(), 1, 1, "Syncro")
    csp = effects(integration(Kind.CSP), 0, 0, "Syncro")
    one = effects(integration(Kind.CSP), 1, 2, "Syncro")

    assert single[0] == "Disconnects the Microsoft tenant Contoso."
    assert single[1] == "Removes 1 mapping to Syncro Tenants and stops syncing."
    assert csp[0] == "Disconnects the Cloud Solution Provider Contoso and no tenants."
    assert one[0] == "Disconnects the Cloud Solution Provider Contoso and its 1 tenant."
    assert one[1].startswith("Removes 2 mappings")
    everything = effects_of_all(1, [], 1, 0, "Syncro")
    assert everything[0] == "Disconnects your only integration, with 1 Microsoft tenant."
    assert effects_of_all(0, [], 0, 0, "Syncro") == ["Nothing is integrated, so there is nothing to remove."]
    both = effects_of_all(2, ["Contoso"], 4, 0, "Syncro")
    assert both[0] == "Disconnects all 2 integrations with 4 Microsoft tenants."
    csps = effects_of_all(1, ["Contoso"], 4, 0, "Syncro")
    for told, of_single, of_csp in (
        (single, 1, 0), (csp, 0, 1), (everything, 1, 0), (both, 1, 1), (csps, 0, 1),
    ):  # fmt: skip
        assert sum("if Microsoft lets it delete itself" in it for it in told) == of_single
        assert sum("Removes every permission of our application" in it for it in told) == of_csp
        assert sum("your own tenant (Contoso)" in it for it in told) == of_csp
