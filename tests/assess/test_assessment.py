"""What an assessment says of a recorded tenant."""

import dataclasses
import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from integrations.assess.assessment import Assessment, assess
from integrations.domain.baselines.catalogue import catalogue
from integrations.domain.baselines.tenant import BaselineProfile
from integrations.domain.sync.datasets import Reading
from integrations.microsoft import registry
from integrations.microsoft.dataset import ReadContext
from integrations.microsoft.readers.domains import DOMAINS
from tests.assess.recordings import recording, verdicts
from tests.baselines.recorded import Answers
from tests.baselines.tenants import CA, changed, good, policy

PHISHING, LEGACY = "MS.AAD.3.1v1", "MS.AAD.1.1v1"


def assessed(answers: Answers, profile: BaselineProfile = BaselineProfile.STRICT, **more: Any) -> Assessment:
    return assess(recording(answers, **more), profile)


def as_json(made: Assessment) -> dict[str, Any]:
    return dict(json.loads(msgspec.json.encode(made)))


def legacy(**conditions: Any) -> Answers:
    """The good tenant, with these conditions in the policy that blocks legacy authentication."""
    return changed(lambda it: it[CA]["value"][0]["conditions"].update(conditions))


def test_a_good_tenant_meets_every_control_that_can_be_judged() -> None:
    found = verdicts(assessed(good()))

    assert {key for key, it in found.items() if it not in {"met", "not_applicable"}} == {
        key for key, it in catalogue().controls.items() if it.not_checked
    }


def test_nothing_recorded_leaves_everything_unknown() -> None:
    assert set(verdicts(assessed({})).values()) == {"unknown", "not_checked"}


def test_not_recorded_and_empty_and_denied_get_different_verdicts() -> None:
    unrecorded = {path: it for path, it in good().items() if path != CA}
    made = [assessed(unrecorded), assessed({**unrecorded, CA: {"value": []}}), assessed(good(), statuses={CA: 403})]
    found = [next(it for it in each.controls or () if it.id == LEGACY) for each in made]

    assert [it.verdict.value for it in found] == ["unknown", "not_met", "unknown"]
    assert [it.permission for it in found] == [None, None, "Policy.Read.All"]
    assert (found[0].dataset, found[0].reason) == ("conditional_access", "It was never read.")


def test_profiles_differ_in_what_narrows_a_policy() -> None:
    narrowed = legacy(platforms={"includePlatforms": ["iOS"]})

    assert verdicts(assessed(narrowed))[LEGACY] == "narrowed"
    assert verdicts(assessed(narrowed, BaselineProfile.SCUBA))[LEGACY] == "met"
    assert verdicts(assessed(good()))[LEGACY] == "met"


def test_the_nearest_policy_says_what_keeps_it_from_meeting_a_control() -> None:
    made = assessed(legacy(clientAppTypes=["other"]), BaselineProfile.SCUBA)
    finding = next(it for it in made.controls or () if it.id == LEGACY)

    assert finding.verdict.value == "not_met"
    assert {it.id: it.why for it in finding.nearest}["block-legacy"]
    assert all(it.name and it.why for it in finding.nearest)


def test_the_values_that_decided_are_told() -> None:
    administrators = next(it for it in assessed(good()).controls or () if it.id == "MS.AAD.7.1v1")

    assert [(it.value, it.count) for it in administrators.actual] == [(["ada", "ben"], 2)]


def test_exclusions_and_privileged_roles_come_from_the_recording() -> None:
    users = {"includeUsers": ["All"], "excludeUsers": ["break-glass"]}
    excluding = legacy(users=users)
    settings = {"exclusions": {LEGACY: {"users": ["break-glass"]}}}

    assert verdicts(assessed(excluding, BaselineProfile.SCUBA))[LEGACY] == "not_met"
    assert verdicts(assessed(excluding, BaselineProfile.SCUBA, settings=settings))[LEGACY] == "met"
    assert verdicts(assessed(good(), settings={"privileged_roles": ["another"]}))["MS.AAD.3.6v1"] == "not_met"


def test_everything_is_judged_at_the_time_of_the_recording() -> None:
    made = assessed(good(), as_of="2020-01-01T00:00:00Z")

    assert as_json(made)["as_of"] == "2020-01-01T00:00:00Z"
    assert verdicts(made)[LEGACY] == "met"


@pytest.mark.parametrize(
    ("expected", "clouds"),
    [
        ("not_met", ["global", "commercial", "AzureCloud", "GCC", "china", "AzureChinaCloud"]),
        ("not_checked", ["usgov", "GCC High", "gcchigh", "AzureUSGovernment", "usgov-dod", "USGovDoD", "DoD"]),
    ],
)
def test_what_a_cloud_does_not_offer_is_not_checked_there_by_whatever_name_it_goes(
    expected: str, clouds: list[str]
) -> None:
    without = changed(lambda it: it["/beta/identity/conditionalAccess/policies"].update(value=[]))

    found = {it: verdicts(assessed(without, tenant={"id": "t", "cloud": it}))["MS.AAD.9.1v1"] for it in clouds}

    assert set(found.values()) == {expected}, found


def test_the_cloud_is_printed_as_the_file_has_it() -> None:
    assert assessed({}, tenant={"id": "t", "cloud": "GCC High"}).tenant.cloud == "GCC High"


def test_the_waste_of_a_product_is_told_where_it_is_known_who_has_it() -> None:
    units = {"prepaidUnits": {"enabled": 3}, "consumedUnits": 2, "capabilityStatus": "Enabled"}
    sku = {"skuId": "spb", "skuPartNumber": "SPB", "appliesTo": "User", "servicePlans": [], **units}
    people = [{"id": it, "displayName": it, "accountEnabled": it == "ada", "assignedLicenses": [{"skuId": "spb"}],
               "createdDateTime": "2020-01-01T00:00:00Z"} for it in ("ada", "ben")]  # fmt: skip
    recorded: Answers = {"/v1.0/subscribedSkus": {"value": [sku]}}
    with_people = {**recorded, "/v1.0/users": {"value": people}}
    active = [{**it, "signInActivity": {"lastSignInDateTime": "2026-01-01T00:00:00Z"}} for it in people]
    made = [assessed(it) for it in ({**recorded, "/v1.0/users": {"value": active}}, with_people, recorded)]

    whole, without_activity, without_people = [next(iter(it.licenses or ())).waste for it in made]

    nothing = {"never_signed_in": 0, "covered_twice": 0, "free": 1}
    assert msgspec.to_builtins(whole) == {**nothing, "disabled": 1, "inactive": 1, "unknown": 0}
    assert msgspec.to_builtins(without_activity) == {**nothing, "disabled": 1, "inactive": 0, "unknown": 1}
    assert without_people is None


def test_lists_are_in_the_order_of_their_ids() -> None:
    sku = {"skuPartNumber": "P", "prepaidUnits": {"enabled": 5}, "consumedUnits": 2, "appliesTo": "User"}
    skus = {"value": [{**sku, "id": it, "skuId": it} for it in ("b", "c", "a")]}
    made = as_json(assessed({**good(), "/v1.0/subscribedSkus": skus}))

    assert [it["sku_id"] for it in made["licenses"]] == ["a", "b", "c"]
    for section, key in {"controls": "id", "datasets": "name"}.items():
        assert [it[key] for it in made[section]] == sorted(it[key] for it in made[section])
    assert {it["name"] for it in made["datasets"]} == {it.name for it in registry.DATASETS}


def test_seats_add_up() -> None:
    units = {"enabled": 10, "warning": 4, "suspended": 3, "lockedOut": 2}
    skus = [("free", 7), ("grace", 12), ("over", 20)]
    listed = [
        {"id": it, "skuId": it, "skuPartNumber": it, "prepaidUnits": units, "consumedUnits": used, "appliesTo": "User"}
        for it, used in skus
    ]
    made = as_json(assessed({"/v1.0/subscribedSkus": {"value": listed}}))["licenses"]

    seats = {it["sku_id"]: (it["free"], it["free_in_grace"], it["held"], it["over"]) for it in made}
    assert seats == {"free": (3, 4, 5, 0), "grace": (0, 2, 5, 0), "over": (0, 0, 5, 6)}


def test_what_one_of_the_sync_readers_loses_is_lost_in_the_assessment(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no other reader of recordings."""

    def forgetful(context: ReadContext) -> Reading:
        read = DOMAINS.read(context)
        rows = [
            msgspec.structs.replace(it, body=msgspec.structs.replace(it.body, password_days=90)) for it in read.records
        ]
        return msgspec.structs.replace(read, records=rows)

    expiring = "MS.AAD.6.1v1"
    before = verdicts(assessed(good()))[expiring]
    lossy = dataclasses.replace(DOMAINS, read=forgetful)
    monkeypatch.setattr(registry, "DATASETS", tuple(lossy if it is DOMAINS else it for it in registry.DATASETS))

    assert (before, verdicts(assessed(good()))[expiring]) == ("met", "not_met")


@pytest.mark.parametrize("field", ["clientAppTypes", "users", "applications"])
def test_every_condition_of_a_policy_reaches_the_verdict(field: str) -> None:
    lost = changed(lambda it: it[CA]["value"][0]["conditions"].pop(field))

    assert verdicts(assessed(lost))[LEGACY] != "met"


def test_a_policy_that_is_off_meets_nothing() -> None:
    off = changed(
        lambda it: it[CA].update(value=[policy("Block legacy", clientAppTypes=["exchangeActiveSync", "other"])])
    )
    off[CA]["value"][0]["state"] = "disabled"

    assert verdicts(assessed(off))[LEGACY] == "not_met"


def test_an_assessment_says_what_it_was_made_from_and_with() -> None:
    made = as_json(assessed(good(), case={"id": "case-7", "expected": {"anything": 1}}))
    version = tomllib.loads(Path("pyproject.toml").read_text())["project"]["version"]

    assert (made["format"], made["case"], made["product"]) == ("assessment/1", "case-7", version)
    assert (made["tenant"], made["profile"]) == ({"id": "t", "name": "Contoso", "cloud": "global"}, "strict")
    assert made["baselines"].keys() == {it.id for it in catalogue().families}
    assert "case" not in as_json(assessed(good()))
