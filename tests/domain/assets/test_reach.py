"""A change reaches the assets that it concerns, and a plan of the others alone would be wrong."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import msgspec
import pytest

from integrations.domain.assets.inputs import ChangedForAssets
from integrations.domain.assets.matching import concerned
from integrations.domain.assets.settings import AssetLinkSettings
from integrations.domain.ids import AssetId, EndUserId
from tests.domain.assets.fleets import FleetWorld, ago, asset, listed, managed, ran

Mutate = Callable[[pytest.MonkeyPatch], None]
Story = Callable[[], tuple[FleetWorld, ChangedForAssets]]


def everything_is_steady(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(concerned, "_is_steady", lambda _: True)
    patch.setattr(concerned, "_is_confirmed", lambda *_: True)


def every_link_is_confirmed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(concerned, "_is_confirmed", lambda *_: True)


def records_are_not_named(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(concerned, "_names", lambda *_: False)


def serial_numbers_in_common_are_overlooked(patch: pytest.MonkeyPatch) -> None:
    devices, alone = concerned._devices, defaultdict(list)
    patch.setattr(concerned, "_devices", lambda fleet, changed: devices(replace(fleet, with_serial=alone), changed))


def who_claims_the_same_is_overlooked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(concerned, "_claiming", lambda *_: set())


def people_are_overlooked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(concerned, "_object_ids", lambda *_: set())


def linked() -> FleetWorld:
    """A laptop that is linked by its serial number, and that Ana has."""
    made = ran(asset("pc", serial="SER123"), managed("m", serial="SER123", user_id="ana"))
    made.has_person("ana").has_person("bob").run()
    assert made.owner("pc") == "eu_ana"
    return made


def changed(*asset_ids: str, device_ids: tuple[str, ...] = (), **more: tuple[str, ...]) -> ChangedForAssets:
    return ChangedForAssets([AssetId(it) for it in asset_ids], device_ids, **more)  # type: ignore[arg-type]


def a_rival_leaves() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked().has(asset("twin", serial="SER123"))
    made.run()
    del made.assets[AssetId("twin")]
    return made, changed("twin")


def a_name_is_not_shared_any_more() -> tuple[FleetWorld, ChangedForAssets]:
    made = ran(asset("pc", name="PC"), managed("m", name="PC"), managed("n", name="PC"))
    del made.intune["n"]
    return made, changed(device_ids=("n",))


def a_month_passes_for_a_link_by_name() -> tuple[FleetWorld, ChangedForAssets]:
    settings = AssetLinkSettings(link_by_name=True)
    made = ran(asset("pc", name="PC"), managed("m", name="PC", user_id="ana"), settings=settings)
    made.has_person("ana").run()
    made.now = ago(-40)
    return made, changed()


def a_serial_number_is_not_shared_any_more() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked()
    made.changes("m", device_id="dev")
    made.changes("pc", entra_device_id="dev")
    made.has(managed("m2", serial="SER123"), managed("m3", serial="SER123")).run()
    del made.intune["m2"], made.intune["m3"]
    return made, changed(device_ids=("m2", "m3"))


def a_newer_record_with_another_serial_number_leaves() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked()
    made.has(managed("old", serial="SER123", device_id="dev"), managed("new", serial="SER9", device_id="dev"))
    made.changes("new", last_sync_at=made.now)
    made.run()
    del made.intune["new"]
    return made, changed(device_ids=("new",))


def a_better_key_means_a_device_that_counts_now() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked().has(listed("d", device_id="dev"), managed("n", device_id="dev", state="retirePending"))
    made.changes("pc", serial=None, entra_device_id="dev")
    made.run()
    made.changes("n", device_id=None)
    return made, changed(device_ids=("n",))


def the_device_is_deleted() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked()
    made.intune.clear()
    return made, changed(device_ids=("m",))


def an_older_record_is_deleted() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked().has(managed("old", serial="SER123", last_sync_at=ago(40)))
    made.run()
    del made.intune["old"]
    return made, changed(device_ids=("old",))


def a_device_of_the_same_serial_number_makes_it_shared() -> tuple[FleetWorld, ChangedForAssets]:
    made = ran(asset("pc", entra_device_id="dev"), managed("m", serial="SER123", device_id="dev", user_id="ana"))
    made.has_person("ana").run()
    made.has(managed("m2", serial="SER123"), managed("m3", serial="SER123"))
    return made, changed(device_ids=("m2", "m3"))


def another_asset_with_the_same_serial_number_comes() -> tuple[FleetWorld, ChangedForAssets]:
    return linked().has(asset("twin", serial="SER123")), changed("twin")


def somebody_links_the_device_by_hand() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked().has(asset("other"))
    made.run()
    made.links("other", "m")
    return made, changed("other")


def a_kept_link_is_claimed() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked().has(asset("other"))
    made.changes("pc", serial=None)
    made.run()
    made.changes("other", serial="SER123")
    return made, changed("other")


def the_person_is_linked_with_another_end_user() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked()
    made.people["ana"] = msgspec.structs.replace(made.people["ana"], end_user_id=EndUserId("eu_bob"))
    return made, changed(object_ids=("ana",))


def the_end_user_comes_back_who_is_not_the_one_assigned() -> tuple[FleetWorld, ChangedForAssets]:
    made = linked().has_person("bob", is_active=False)
    made.changes("m", user_id="bob")
    made.run()
    made.has_person("bob")
    return made, changed(end_user_ids=("eu_bob",))


STORIES: list[tuple[Story, Mutate]] = [
    (a_rival_leaves, everything_is_steady),
    (a_name_is_not_shared_any_more, everything_is_steady),
    (a_month_passes_for_a_link_by_name, everything_is_steady),
    (a_serial_number_is_not_shared_any_more, everything_is_steady),
    (a_newer_record_with_another_serial_number_leaves, everything_is_steady),
    (a_better_key_means_a_device_that_counts_now, every_link_is_confirmed),
    (the_device_is_deleted, records_are_not_named),
    (an_older_record_is_deleted, records_are_not_named),
    (a_device_of_the_same_serial_number_makes_it_shared, serial_numbers_in_common_are_overlooked),
    (another_asset_with_the_same_serial_number_comes, who_claims_the_same_is_overlooked),
    (somebody_links_the_device_by_hand, who_claims_the_same_is_overlooked),
    (a_kept_link_is_claimed, who_claims_the_same_is_overlooked),
    (the_person_is_linked_with_another_end_user, people_are_overlooked),
    (the_end_user_comes_back_who_is_not_the_one_assigned, people_are_overlooked),
]


def leads_to_the_same(story: Story) -> bool:
    """Whether the plan of what changed leads where the plan of everything does; which changes something."""
    made, rows = story()
    complete = made.forked()
    assert not complete.run().is_empty
    made.run(rows)
    return (made.statuses, made.assignments) == (complete.statuses, complete.assignments)


@pytest.mark.parametrize(("story", "mutate"), STORIES, ids=lambda it: it.__name__)
def test_a_change_reaches_the_assets_that_it_concerns(
    story: Story, mutate: Mutate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leads_to_the_same(story)

    mutate(monkeypatch)
    assert not leads_to_the_same(story)


def test_an_asset_that_no_change_concerns_is_not_looked_at() -> None:
    made = linked().has(asset("other", serial="SER9"), managed("n", serial="SER9", user_id="bob"))
    made.run()
    made.statuses[AssetId("pc")] = msgspec.structs.replace(made.statuses[AssetId("pc")], person_id="somebody")

    assert made.run(changed("other", device_ids=("n",))).is_empty
    assert [it.asset_id for it in made.run().changes] == ["pc"]
