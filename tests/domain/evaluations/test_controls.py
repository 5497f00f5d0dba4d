"""The verdict on each control as a derived row: it follows changes, costs little, and says since when it is so."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.controls import CONTROLS, ControlRow
from integrations.domain.evaluations.evaluation import Result
from integrations.domain.policies.conditional_access import Selection
from integrations.domain.sync.changed_keys import NONE, keys_of
from integrations.domain.sync.records import User
from tests.baselines.cases import CASES
from tests.baselines.changing import put
from tests.baselines.recorded import read
from tests.baselines.tenants import AUTHORIZATION, changed, good
from tests.domain.evaluations.in_memory import NOW, Follower, Memory, Rows, after, whole
from tests.exhaustive import IS_FULL

TRIALS = "EIDSCA.AP05"
OPEN = put(AUTHORIZATION, "allowedToSignUpEmailBasedSubscriptions", to=True)
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def data() -> dict[str, Rows]:
    return read(good()).data


def verdicts(rows: Rows) -> dict[str, str]:
    return {key: row.verdict.value for key, row in rows.items()}  # type: ignore[attr-defined]


def evaluated(memory: Memory, *datasets: str) -> Result:
    """After changes of these data sets, or everything."""
    changes = {it: keys_of(["x"]) if it in datasets else NONE for it in CONTROLS.needs}
    return CONTROLS.result(memory, changes if datasets else CONTROLS.everything)


def test_there_is_one_row_for_each_control(data: dict[str, Rows]) -> None:
    assert whole(CONTROLS, data).keys() == catalogue().controls.keys()


@settings(max_examples=40 if IS_FULL else 15, deadline=None)
@given(st.lists(st.sampled_from(CASES), min_size=1, max_size=4))
def test_controls_follow_changes(cases: list[Any]) -> None:
    follower = Follower(CONTROLS, dict(read(good()).data))
    for case in cases:
        then = read(changed(*case.changes))
        if then.data.keys() != follower.data.keys():
            continue  # what can no longer be read has everything evaluated again
        for dataset, rows in then.data.items():
            follower.change(dataset, rows)
        follower.evaluate()

        assert follower.own == whole(CONTROLS, follower.data), case


def test_a_change_among_users_reads_administrators_only(data: dict[str, Rows]) -> None:
    many = {f"u{number}": User(id=f"u{number}", name="U", username="u") for number in range(10_000)}
    memory = Memory({**data, "users": {**data["users"], **many}})
    own = after({}, CONTROLS.result(memory, CONTROLS.everything).reading)
    memory = Memory(memory.data, own)

    result = evaluated(memory, "users")

    assert {it.key for it in result.reading.records} == {"MS.AAD.7.1v1", "MS.AAD.7.2v1", "MS.AAD.7.3v1"}
    assert "users" not in memory.read_whole
    assert set(memory.read) <= {"ada", "ben", "cleo", "dan"}
    assert all(own[it.key] == it.body for it in result.reading.records), "what is the same is not written"


def test_only_controls_that_read_something_that_changed_are_judged(data: dict[str, Rows]) -> None:
    memory = Memory(data)

    result = evaluated(memory, "domains")

    assert [it.key for it in result.reading.records] == ["MS.AAD.6.1v1"]
    assert memory.read_whole == ["domains"]


def test_since_stays_while_a_verdict_and_its_values_are_the_same(data: dict[str, Rows]) -> None:
    first = after({}, evaluated(Memory(data)).reading)
    same = after(first, evaluated(Memory(data, first, now=NOW + HOUR, read_at=NOW + HOUR)).reading)
    opened = read(changed(OPEN)).data
    later = after(same, evaluated(Memory(opened, same, now=NOW + 2 * HOUR, read_at=NOW + HOUR)).reading)

    assert same == first
    assert since(later)[TRIALS] == NOW + 2 * HOUR
    assert {key: it for key, it in since(later).items() if key != TRIALS} == {
        key: NOW for key in first if key != TRIALS
    }


def test_another_value_of_the_same_verdict_begins_anew(data: dict[str, Rows]) -> None:
    key = "authorization_policy"
    policy = data[key]["policy"]
    closed, nobody = (msgspec.structs.replace(policy, invites_from=it) for it in ("everyone", "adminsGuestInviters"))
    first = after({}, evaluated(Memory({**data, key: {"policy": closed}})).reading)
    then = Memory({**data, key: {"policy": nobody}}, first, now=NOW + HOUR)

    rows = after(first, evaluated(then, key).reading)

    assert verdicts(rows)["EIDSCA.AP04"] == verdicts(first)["EIDSCA.AP04"] == "not_met"
    assert since(rows)["EIDSCA.AP04"] == NOW + HOUR


def test_rows_of_an_earlier_version_only_lose_what_cannot_be_compared(data: dict[str, Rows]) -> None:
    class Earlier(msgspec.Struct):
        verdict: str = "something else"

    source = Memory(data, {TRIALS: Earlier()})

    rows = after({}, evaluated(source).reading)

    assert since(rows)[TRIALS] == NOW


def since(rows: Rows) -> dict[str, Any]:
    return {key: row.since for key, row in rows.items()}  # type: ignore[attr-defined]


def test_rows_that_were_not_read_for_two_cadences_are_unknown(data: dict[str, Rows]) -> None:
    just = evaluated(Memory(data, now=NOW + 12 * HOUR - timedelta(seconds=1)))
    late = evaluated(Memory(data, now=NOW + 12 * HOUR))

    assert verdicts(after({}, just.reading))[TRIALS] == "met"
    assert verdicts(after({}, late.reading))[TRIALS] == "unknown"
    row = after({}, late.reading)[TRIALS]
    assert isinstance(row, ControlRow)
    assert (row.dataset, row.reason) == ("authorization_policy", "It was last read too long ago.")


def test_it_needs_what_some_control_reads_and_nothing_else() -> None:
    assert CONTROLS.needs == catalogue().reads()


def test_new_files_have_everything_judged_again() -> None:
    assert catalogue().fingerprint in CONTROLS.inputs(None)  # type: ignore[arg-type]
    assert CONTROLS.uses_states


def _at_some_places(policy: Any) -> Any:
    places = Selection(included=["AllTrusted"])
    conditions = msgspec.structs.replace(policy.conditions, locations=places, other={"n" * 5000: ["new"]})
    return msgspec.structs.replace(policy, name=policy.name * 40, conditions=conditions)


def test_a_row_fits_into_a_column(data: dict[str, Rows]) -> None:
    names = {f"p{number}": it for number, it in enumerate([*data["conditional_access"].values()] * 60)}
    narrow = {key: _at_some_places(it) for key, it in names.items()}
    many = {key: msgspec.structs.replace(it, id=key, name=key * 40) for key, it in names.items()}

    rows = whole(CONTROLS, {**data, "conditional_access": many})
    narrowed = whole(CONTROLS, {**data, "conditional_access": narrow})

    assert max(len(msgspec.json.encode(it)) for it in (*rows.values(), *narrowed.values())) < 32_000
    assert verdicts(narrowed)["MS.AAD.3.2v2"] == "narrowed"
    row = rows["MS.AAD.3.2v2"]
    assert isinstance(row, ControlRow)
    assert row.verdict is ControlVerdict.MET
    assert len(row.actual[0].value) == 20
    assert row.actual[0].count == 120
