"""Whether MFA protects each person, as derived rows: they follow changes, cost little, and say since when it is so."""

from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.evaluations.evaluation import Changes
from integrations.domain.evaluations.mfa import MFA, MOST_CAUSES, MfaRow
from integrations.domain.security.mfa_counts import mfa_counts
from integrations.domain.sync.changed_keys import NONE
from integrations.domain.sync.datasets import DatasetOutcome
from integrations.domain.sync.packing import pack
from integrations.domain.sync.security_records import CrossTenantAccess
from tests.domain.evaluations.in_memory import NOW, Follower, Memory, Rows, after, whole
from tests.domain.evaluations.mfa_rows import account, made_up_rows, registration, rows_of
from tests.domain.security.mfa_generator import made_up_world
from tests.domain.security.mfa_worlds import World, group, groups, places, policy, role, roles, users

HOUR = timedelta(hours=1)
GUEST = account("gina", username="gina_fabrikam.com#EXT#@contoso.com", is_guest=True)


def changes(**changed: Any) -> Changes:
    return {it: changed.get(it, NONE) for it in MFA.needs}


def row_of(rows: Rows, user_id: str) -> MfaRow:
    row = rows[user_id]
    assert isinstance(row, MfaRow)
    return row


def verdicts(rows: Rows) -> dict[str, str]:
    return {key: row_of(rows, key).protection.value for key in rows}


def causes(rows: Rows, user_id: str) -> list[tuple[str, str, str]]:
    return [(it.name, it.effect.value, it.why) for it in row_of(rows, user_id).causes]


@pytest.mark.parametrize("seed", range(60))
def test_people_follow_changes(seed: int) -> None:
    chance = Random(seed)
    world = made_up_world(chance)
    follower = Follower(MFA, made_up_rows(chance, world))
    for _ in range(4):
        other = made_up_rows(chance, made_up_world(chance))
        for dataset in chance.sample(sorted(follower.data), chance.choice([1, 1, 2, 3])):
            if dataset not in other:
                continue  # what can no longer be read has everything evaluated again
            follower.change(dataset, _some(chance, follower.data[dataset], other[dataset]))
        follower.evaluate()

        assert follower.own == whole(MFA, follower.data)


def _some(chance: Random, before: Rows, then: Rows) -> Rows:
    """Often only one row differs, or is gone; of pages that hold several people nothing can be mixed."""
    key = chance.choice(sorted(before.keys() | then.keys()) or [""])
    if chance.random() < 0.4 or "." in key or not key:
        return then
    kept = {it: row for it, row in before.items() if it != key}
    return kept | ({key: then[key]} if key in then else {})


def test_a_persons_registration_is_found_wherever_it_is_packed() -> None:
    for count in (1, 33, 500, 3000):
        people = [account(f"user-{number}") for number in range(count)]
        listed = [registration(it.id, registered=it.id.endswith("7")) for it in people]
        follower = Follower(MFA, rows_of(World(), people, listed))
        renamed = {it.id: msgspec.structs.replace(it, name="X") for it in people[::40]}
        follower.change("users", follower.data["users"] | renamed)
        memory = follower.evaluate()

        assert follower.own == whole(MFA, follower.data)
        assert memory.read_whole.count("users") == memory.read_whole.count("registrations") == 0


def test_a_registration_in_a_row_that_is_too_big_is_found_too() -> None:
    people = [account(f"user-{number}") for number in range(60)]
    listed = [msgspec.structs.replace(registration(it.id), methods=["m" * 1500]) for it in people]
    assert any(not key.endswith(".0") for key in pack({it.user_id: it for it in listed}))
    follower = Follower(MFA, rows_of(World(), people, listed))
    follower.change("users", {it.id: msgspec.structs.replace(it, name="X") for it in people})
    follower.evaluate()

    assert {row_of(follower.own, it).registered.value for it in follower.own} == {"yes"}
    follower.change("registrations", {it: row for it, row in follower.data["registrations"].items() if it[-2:] == ".0"})
    follower.evaluate()
    assert {row_of(follower.own, it).registered.value for it in follower.own} == {"yes", "unknown"}
    assert follower.own == whole(MFA, follower.data)


def test_a_change_of_one_user_reads_and_decides_nobody_else() -> None:
    people = [account(f"user-{number}") for number in range(3000)]
    world = World(policies=[policy(excluded=groups("g"))], groups=[group("g", "user-1"), group("h", "user-2")])
    follower = Follower(MFA, rows_of(world, people, map(registration, (it.id for it in people))))
    follower.change("users", follower.data["users"] | {"user-1": account("user-1", is_enabled=False)})
    memory = follower.evaluate()

    result = MFA.result(memory, changes(users=frozenset({"user-1"})))
    assert [it.key for it in result.reading.records] == ["user-1"]
    assert not {"users", "registrations", "groups"} & set(memory.read_whole)
    assert set(memory.read_derived) == {"user-1"}
    assert row_of(follower.own, "user-1").counted_as.value == "disabled"


def test_groups_of_which_policies_name_many_are_read_once_and_their_members_are_not_asked_for() -> None:
    names = [f"group-{number}" for number in range(60)]
    world = World(
        policies=[policy(excluded=groups(*names))],
        groups=[group("inner", "bob"), *(group(it, "adele", "inner") for it in names)],
    )
    memory = Memory(rows_of(world, [account("adele"), account("bob"), account("carl")]))

    rows = after({}, MFA.result(memory, MFA.everything).reading)
    assert memory.read_whole.count("groups") == 1
    assert memory.read == ["inner"]
    assert {key: row_of(rows, key).required.value for key in rows} == {"adele": "no", "bob": "no", "carl": "yes"}


def test_a_change_of_a_group_that_no_policy_and_no_role_leads_to_decides_about_nobody() -> None:
    world = World(
        policies=[policy(excluded=groups("g"))],
        groups=[group("g", "inner"), group("inner", "adele"), group("h", "bob")],
        roles=[role("r", "with-role", "group")],
    )
    follower = Follower(MFA, rows_of(world, [account("adele"), account("bob")]))
    affected = {
        key: len(MFA.result(Memory(follower.data, follower.own), changes(groups=frozenset({key}))).reading.records)
        for key in ("g", "inner", "h", "with-role")
    }

    assert affected == {"g": 2, "inner": 2, "h": 0, "with-role": 2}


def test_of_a_changed_policy_only_people_with_another_verdict_have_other_rows() -> None:
    world = World(policies=[policy()], groups=[group("g", "adele")])
    people = [account("adele"), account("bob"), account("carl")]
    data = rows_of(world, people, [registration("adele"), registration("bob")])
    first = after({}, MFA.result(Memory(data), MFA.everything).reading)
    excluding = rows_of(world._replace(policies=[policy(excluded=groups("g"))]), people)["conditional_access"]
    then = Memory({**data, "conditional_access": excluding}, first, now=NOW + HOUR)
    second = after(first, MFA.result(then, changes(conditional_access=frozenset({"p"}))).reading)

    assert verdicts(first) == {"adele": "protected", "bob": "protected", "carl": "unknown"}
    assert {key for key in second if second[key] != first[key]} == {"adele"}
    assert causes(second, "adele")[0] == ("Policy p", "excludes", "excluded through the group Group g")
    assert {key: row_of(second, key).since for key in second} == {"adele": NOW + HOUR, "bob": NOW, "carl": NOW}


def test_since_stays_while_only_names_change() -> None:
    data = rows_of(World(policies=[policy()]), [account("adele")], [registration("adele")])
    first = after({}, MFA.result(Memory(data), MFA.everything).reading)
    renamed = {**data, "users": {"adele": account("adele", name="Adele V.")}}
    then = Memory(renamed, first, now=NOW + HOUR)
    second = after(first, MFA.result(then, changes(users=frozenset({"adele"}))).reading)

    assert (row_of(second, "adele").name, row_of(second, "adele").since) == ("Adele V.", NOW)


def test_rows_of_an_earlier_version_only_lose_what_cannot_be_compared() -> None:
    class Earlier(msgspec.Struct):
        protection: str = "something else"

    data = rows_of(World(), [account("adele")])

    rows = after({}, MFA.result(Memory(data, {"adele": Earlier()}), MFA.everything).reading)

    assert row_of(rows, "adele").since == NOW


def test_kinds_of_rows_are_the_counts() -> None:
    world = World(policies=[policy(excluded=users("bob"))], roles=[role("r", "adele"), role("r", "dora")])
    people = [account("adele"), account("bob"), account("carl"), account("dora", is_enabled=False), GUEST]
    listed = [registration("adele"), registration("bob"), registration("carl", registered=False, capable=False)]
    result = MFA.result(Memory(rows_of(world, people, listed)), MFA.everything)
    counts = mfa_counts(Counter(it.kind for it in result.reading.records))

    assert (counts.people.total, counts.people.unprotected, counts.people.protected) == (3, 2, 1)
    assert (counts.administrators.total, counts.administrators.protected) == (1, 1)
    assert (counts.guests.total, counts.guests.unknown, counts.disabled, counts.rooms) == (1, 1, 1, 0)


def test_without_a_licence_no_policy_applies_and_registrations_are_unknown() -> None:
    data = rows_of(World(), [account("adele")], None)
    memory = _Stated(data)
    for name in ("conditional_access", "named_locations", "authentication_strengths", "registrations"):
        memory.states[name] = DatasetState(DatasetOutcome.NOT_LICENSED, NOW - HOUR)
    rows = after({}, MFA.result(memory, MFA.everything).reading)

    assert msgspec.to_builtins(rows["adele"])["required"] == "no"
    assert verdicts(rows) == {"adele": "unknown"}
    assert causes(rows, "adele") == [("Registration report", "unknown", "the tenant has no licence for it")]


class _Stated(Memory):
    """Rows with a state for some data sets."""

    def __init__(self, data: dict[str, Rows]) -> None:
        super().__init__(data)
        self.states: dict[str, DatasetState] = {}

    def state(self, dataset: str) -> DatasetState:
        return self.states.get(dataset) or super().state(dataset)


_DENIED = {
    "security_defaults": ("Security defaults", "Policy.Read.All"),
    "per_user_mfa": ("Per-user MFA", "User.Read.All"),
    "conditional_access": ("Conditional Access", "Policy.Read.All"),
    "groups": ("Groups", "Directory.Read.All"),
    "roles": ("Directory roles", "Directory.Read.All"),
    "named_locations": ("Named locations", "Policy.Read.All"),
    "registrations": ("Registration report", "AuditLog.Read.All"),
}

_DEPENDING = {
    "groups": [policy(excluded=groups("g"))],
    "roles": [policy(excluded=roles("r"))],
    "named_locations": [
        policy(id="elsewhere", locations=places("All", excluding=["AllTrusted"])),
        policy(id="trusted", locations=places("AllTrusted")),
        policy(id="off", state="disabled", locations=places("office")),
    ],
}


@pytest.mark.parametrize("dataset", _DENIED)
def test_what_a_missing_permission_leaves_unknown_is_unknown_and_says_so(dataset: str) -> None:
    name, permission = _DENIED[dataset]
    policies = _DEPENDING.get(dataset, [])
    world = World(policies=policies, groups=[group("g", "adele")], roles=[role("r", "adele")])
    memory = _Stated(rows_of(world, [account("adele")], [registration("adele")]))
    memory.states[dataset] = DatasetState(DatasetOutcome.DENIED, None, "Forbidden", permission)
    rows = after({}, MFA.result(memory, MFA.everything).reading)

    assert verdicts(rows) == {"adele": "unknown"}
    assert (name, "unknown", f"the permission {permission} is missing") in causes(rows, "adele")


def test_where_roles_are_not_known_nobody_is_told_to_be_an_administrator_or_not() -> None:
    world = World(roles=[role("r", "adele"), role("r", "g", "group")], groups=[group("g", "bob")])
    known = whole(MFA, rows_of(world, [account(it) for it in ("adele", "bob", "carl")]))
    without_groups = whole(MFA, rows_of(world._replace(groups=None), [account("adele"), account("carl")]))
    without_roles = whole(MFA, rows_of(world._replace(roles=None), [account("adele")]))

    assert [row_of(known, it).is_administrator for it in known] == [True, True, False]
    assert [row_of(without_groups, it).is_administrator for it in without_groups] == [True, None]
    assert row_of(without_roles, "adele").is_administrator is None


@pytest.mark.parametrize(
    ("trusts", "registered", "why"),
    [
        pytest.param([CrossTenantAccess(trusts_mfa=True)], "home tenant", None, id="accepted"),
        pytest.param([CrossTenantAccess(trusts_mfa=False)], "no", None, id="not accepted"),
        pytest.param(None, "unknown", "it was never read", id="settings not read"),
        pytest.param(
            [CrossTenantAccess(), CrossTenantAccess(partner_id="t1", trusts_mfa=True)],
            "unknown",
            "the guest's own tenant is not known",
            id="accepted of some",
        ),
    ],
)
def test_a_guests_mfa_may_be_that_of_their_own_tenant(trusts: Any, registered: str, why: str | None) -> None:
    listed = [registration("gina", registered=False, capable=False)]
    rows = whole(MFA, rows_of(World(), [GUEST], listed, trusts))

    assert row_of(rows, "gina").registered.value == registered
    told = [it for it in causes(rows, "gina") if it[0] == "Registration report"]
    assert [it[2] for it in told] == ([f"MFA of the guest's own tenant may be accepted: {why}"] if why else [])


def test_rows_become_unknown_when_what_decides_was_read_too_long_ago() -> None:
    data = rows_of(World(policies=[policy()]), [account("adele")], [registration("adele")])
    just = MFA.result(Memory(data, now=NOW + 12 * HOUR - timedelta(seconds=1)), MFA.everything)
    late = MFA.result(Memory(data, now=NOW + 12 * HOUR), MFA.everything)

    assert verdicts(after({}, just.reading)) == {"adele": "protected"}
    assert verdicts(after({}, late.reading)) == {"adele": "unknown"}
    assert ("Conditional Access", "unknown", "it was last read too long ago") in causes(
        after({}, late.reading), "adele"
    )
    assert MFA.uses_states


def test_of_many_causes_the_most_telling_are_kept_and_the_others_counted() -> None:
    in_part = [policy(id=f"browser{number}", client_apps=["browser"]) for number in range(15)]
    excluding = policy(id="last", excluded=users("adele"))
    rows = whole(MFA, rows_of(World(policies=[*in_part, excluding]), [account("adele")], [registration("adele")]))
    row = row_of(rows, "adele")

    assert (len(row.causes), row.more_causes) == (MOST_CAUSES, 6)
    assert causes(rows, "adele")[0] == ("Policy last", "excludes", "excluded by name")


def test_somebody_the_report_does_not_list_is_unknown() -> None:
    rows = whole(MFA, rows_of(World(policies=[policy()]), [account("adele")]))

    assert causes(rows, "adele")[-1] == ("Registration report", "unknown", "it does not list the person")
    assert (row_of(rows, "adele").required.value, verdicts(rows)["adele"]) == ("yes", "unknown")
