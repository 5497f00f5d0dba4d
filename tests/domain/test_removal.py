"""Rules of a removal: what is told of it, in which words, and what is kept in the end."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integrations.domain import removal as rules
from integrations.domain.connections import Integration, Kind, Proof
from integrations.domain.ids import FlowId, IntegrationId, RemovalId, TenantId, UserId
from integrations.domain.removal import Outcome, Parting, Removal, Way

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


def parting(number: int = 1, **changes: object) -> Parting:
    bare = Parting(
        removal_id=RemovalId("rem_abc"),
        tenant_id=TenantId(f"{number:08d}-1111-4111-8111-111111111111"),
        name=f"Tenant {number}",
        way=Way.THROUGH_PARTNER,
    )
    return msgspec.structs.replace(bare, **changes)


def states(removal: Removal, *partings: Parting) -> dict[str, str]:
    return {it.name: it.state for it in rules.steps(removal, partings, QUIET)}


def detail(removal: Removal, step: str, *partings: Parting) -> str:
    return next(it.detail for it in rules.steps(removal, partings, QUIET) if it.name == step)


def test_an_integration_has_one_removal_of_its_name() -> None:
    assert begun().id == "rem_abc"
    assert begun().is_under_way
    assert not begun(forgotten_at=NOW).is_under_way


def test_microsoft_is_asked_again_sooner_at_first_and_for_a_day() -> None:
    assert [rules.pause(tries).total_seconds() for tries in range(5)] == [30, 60, 120, 300, 300]
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
    assert " ".join(states(begun(Kind.CSP, **done), parting()).values()) == expected


def test_a_single_tenant_has_no_sign_in_to_destroy() -> None:
    assert states(begun())["credential"] == "skipped"


def test_progress_says_how_many_tenants_are_still_to_go() -> None:
    fenced = begun(Kind.CSP, fenced_at=NOW)
    swept = parting(1, is_swept=True, rows={"users": 7})

    assert detail(fenced, "data", swept, parting(2)) == "7 rows deleted. 1 of 2 tenants still to go."
    assert detail(begun(), "data", parting()) == "0 rows deleted."
    assert detail(begun(fenced_at=NOW, swept_at=NOW, rows={"users": 9}), "data") == "9 rows deleted."
    assert detail(fenced, "microsoft", swept, parting(2)) == "2 of 2 tenants still to go."
    assert detail(begun(), "microsoft", parting()) == ""
    waiting = msgspec.structs.replace(fenced, tries=2)
    assert detail(waiting, "microsoft", parting()).startswith("Microsoft does not answer; we ask again by ourselves.")


def test_how_microsofts_side_ended_is_counted() -> None:
    told = [
        parting(1, outcome=Outcome.REMOVED, rows={"users": 3}),
        parting(2, outcome=Outcome.REMOVED, rows={"users": 4, "devices": 1}),
        parting(3, outcome=Outcome.KEPT),
        parting(4, outcome=Outcome.ABSENT),
        parting(5, outcome=Outcome.IMPOSSIBLE, way=Way.PARTNER_ITSELF),
    ]
    ended = msgspec.structs.replace(rules.totals(begun(Kind.CSP), told), left_at=NOW)

    assert ended.tenants == 4
    assert ended.rows == {"devices": 1, "users": 7}
    assert ended.outcomes == {"absent": 1, "impossible": 1, "kept": 1, "removed": 2}
    assert states(ended)["microsoft"] == "failed"
    assert detail(ended, "microsoft") == (
        "Removed from 2 tenants. Not there any more in 1 tenant. Left as it is in 1 tenant. "
        "To be removed by hand in 1 tenant."
    )


def test_the_second_look_says_what_it_found() -> None:
    assert detail(begun(verified_at=NOW), "verified") == "Nothing was found."
    assert detail(begun(verified_at=NOW, late_rows=3), "verified") == "3 late rows found and deleted."
    assert detail(begun(), "verified").startswith("15 minutes after the last step")


def test_a_tombstone_can_be_recognized_but_not_read() -> None:
    stone = rules.tombstone(begun(), "salt")

    assert stone.name == ""
    assert len(stone.tenant_id) == 64
    assert rules.tombstone(begun(), "salt").tenant_id == stone.tenant_id
    assert rules.tombstone(begun(), "other").tenant_id != stone.tenant_id


def test_what_is_left_over_says_who_does_what() -> None:
    impossible = parting(outcome=Outcome.IMPOSSIBLE)
    seen_again = parting(outcome=Outcome.REMOVED, is_still_there=True, name="")

    assert impossible.is_left_over
    assert seen_again.is_left_over
    assert not parting(outcome=Outcome.REMOVED).is_left_over
    assert rules.ended(parting(), Outcome.KEPT, {"code": "x"}).evidence == {"code": "x"}
    told = rules.leftover(impossible, "app-1")
    assert "Tenant 1" in told.what
    assert "application id app-1" in told.how
    assert "still lets it in" in rules.leftover(seen_again, "app-1").what


def test_effects_are_told_in_the_words_of_the_page() -> None:
    single = rules.effects(integration(), 1, 1, "Syncro")
    csp = rules.effects(integration(Kind.CSP), 0, 0, "Syncro")
    one = rules.effects(integration(Kind.CSP), 1, 2, "Syncro")

    assert single[0] == "Disconnects the Microsoft tenant Contoso."
    assert single[1] == "Removes 1 mapping to Syncro Tenants; nothing is synced any more."
    assert csp[0] == "Disconnects the Cloud Solution Provider Contoso and no tenants."
    assert one[0] == "Disconnects the Cloud Solution Provider Contoso and its 1 tenant."
    assert one[1].startswith("Removes 2 mappings")
    everything = rules.effects_of_all(1, 1, 0, "Syncro")[0]
    assert everything == "Disconnects all 1 integration with 1 Microsoft tenant."
    assert rules.effects_of_all(2, 4, 0, "Syncro")[0] == "Disconnects all 2 integrations with 4 Microsoft tenants."
