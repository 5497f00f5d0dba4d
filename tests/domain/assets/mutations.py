"""Faults that linking could have. Each makes one, by replacing a part of the product."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from integrations.domain.assets import people, plan
from integrations.domain.assets.asset import Asset
from integrations.domain.assets.devices import fleet, serials
from integrations.domain.assets.devices.fleet import DeviceRecord, TenantDevice
from integrations.domain.assets.devices.names import NameIndex
from integrations.domain.assets.inputs import AccountUse, AssetInputs
from integrations.domain.assets.links import LinkKey, ReviewKind
from integrations.domain.assets.matching import claims, linking
from integrations.domain.assets.matching import keys as asset_keys
from integrations.domain.assets.matching.claims import Claims
from integrations.domain.assets.matching.keys import AssetKeys
from integrations.domain.assets.matching.linking import Linking, Outcome
from integrations.domain.assets.reasons import NoEndUserReason

Mutate = Callable[[pytest.MonkeyPatch], None]


def a_conflict_is_overlooked(kind: ReviewKind) -> Mutate:
    """The first of several is linked."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        conflict = Linking._conflict

        def bold(self: Linking, *args: Any) -> Any:
            review = conflict(self, *args)
            return None if review and review.kind is kind else review

        patch.setattr(Linking, "_conflict", bold)

    mutate.__name__ = f"{kind.value}_are_overlooked"
    return mutate


def fillers_are_serial_numbers(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(serials, "_says_nothing", lambda bare: not bare)


def spaces_and_case_make_another_serial_number(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(serials, "_compact", lambda text: text)


def zeros_are_a_device_id(patch: pytest.MonkeyPatch) -> None:
    for module in (fleet, claims):
        patch.setattr(module, "normal_device_id", lambda text: text.lower() if text else None)


def serial_numbers_are_never_shared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fleet, "FEWEST_SHARING", 100)


def two_devices_share_a_serial_number_already(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fleet, "FEWEST_SHARING", 2)


def records_of_one_day_are_told_apart(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fleet, "SAME_TIME", timedelta(0))


def the_silent_count_as_in_use(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fleet, "IN_USE", timedelta(days=3650))


def enrolling_again_replaces_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DeviceRecord, "enrolled_at", fleet._NEVER)


def the_disabled_and_the_leaving_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DeviceRecord, "is_usable", True)


def virtual_serial_numbers_count_everywhere(patch: pytest.MonkeyPatch) -> None:
    for module in (fleet, claims):
        patch.setattr(module, "is_virtual_serial", lambda _: False)


def servers_are_like_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(asset_keys, "is_server", lambda _: False)
    patch.setattr(asset_keys, "NEVER_LINKED", frozenset())


def servers_have_people(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DeviceRecord, "is_server", False)


def a_phone_may_be_a_laptop(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(claims, "_is_like", lambda *_: True)


def archived_and_gone_assets_still_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Asset, "is_living", True)


def assets_of_other_organizations_are_linked(patch: pytest.MonkeyPatch) -> None:
    init = Claims.__init__

    def without_border(self: Claims, inputs: AssetInputs, *args: Any) -> None:
        every = {it.organization_id for it in inputs.assets.values()}
        init(self, dataclasses.replace(inputs, organization_ids=every), *args)

    patch.setattr(Claims, "__init__", without_border)


def the_border_is_gone(patch: pytest.MonkeyPatch) -> None:
    init = plan._LinkPlanner.__init__

    def without_border(self: Any, inputs: AssetInputs, *args: Any) -> None:
        every = {it.organization_id for it in inputs.assets.values()}
        init(self, dataclasses.replace(inputs, organization_ids=every), *args)

    patch.setattr(plan._LinkPlanner, "__init__", without_border)


def what_was_undone_is_done_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Claims, "is_undone", lambda *_: False)


def what_was_undone_is_forgotten_when_an_asset_is_pushed_again(patch: pytest.MonkeyPatch) -> None:
    undone = claims._undone
    patch.setattr(claims, "_undone", lambda links: (undone(links)[0], {}))


def an_undone_link_concerns_every_asset_with_the_serial_number(patch: pytest.MonkeyPatch) -> None:
    init = Claims.__init__

    def newer(self: Claims, inputs: AssetInputs, *args: Any) -> None:
        created_at = inputs.as_of + timedelta(days=1)
        assets = {it.id: msgspec.structs.replace(it, created_at=created_at) for it in inputs.assets.values()}
        init(self, dataclasses.replace(inputs, assets=assets), *args)

    patch.setattr(Claims, "__init__", newer)


def a_link_ends_when_its_key_is_not_known_any_more(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Claims, "_kept_links", lambda _: [])


def a_link_is_kept_against_better_claims(patch: pytest.MonkeyPatch) -> None:
    kept_links = Claims._kept_links

    def boldly(self: Claims) -> list[Any]:
        kept_links(self)
        return list(self.keeping.items())

    patch.setattr(Claims, "_kept_links", boldly)


def people_s_links_are_overlooked(patch: pytest.MonkeyPatch) -> None:
    init = plan._LinkPlanner.__init__
    patch.setattr(
        plan._LinkPlanner, "__init__", lambda self, it, *args: init(self, dataclasses.replace(it, manual={}), *args)
    )


def a_link_by_hand_decides_nothing_between_rivals(patch: pytest.MonkeyPatch) -> None:
    link_by_hand = Claims._link_by_hand

    def undecided(self: Any) -> None:
        link_by_hand(self)
        self._decided.clear()

    patch.setattr(Claims, "_link_by_hand", undecided)


def devices_linked_by_hand_are_free_for_others(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Claims, "by_hand", lambda *_: ())


def people_s_links_do_not_follow_a_device(patch: pytest.MonkeyPatch) -> None:
    def by_id(self: Claims, asset_id: Any) -> TenantDevice | None:
        return self._fleet.by_id.get(self._inputs.manual[asset_id].device_id)

    patch.setattr(Claims, "manual_device", by_id)


def names_link(patch: pytest.MonkeyPatch) -> None:
    by_name = Linking._by_name

    def linked(self: Linking, asset: Asset, device: TenantDevice, stale: Any) -> Outcome:
        outcome = by_name(self, asset, device, stale)
        return dataclasses.replace(outcome, link=self._link(asset, device, LinkKey.NAME), review=None)

    patch.setattr(Linking, "_by_name", linked)


def names_are_never_cut(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NameIndex, "_lists", lambda self, name: (self._by_name.get(name, []), []))


def the_first_of_several_names_is_taken(patch: pytest.MonkeyPatch) -> None:
    def first(self: NameIndex[Any], name: Any) -> Any:
        return next((it for them in self._lists(name) for it in them), None)

    patch.setattr(NameIndex, "only", first)


def names_of_the_unseen_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Claims, "_was_seen", lambda *_: True)


def a_name_counts_although_the_serial_number_differs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(claims, "differs", lambda *_: False)


def claimed_devices_are_proposed(patch: pytest.MonkeyPatch) -> None:
    proposed = Claims.proposed

    def boldly(self: Claims, asset_id: Any) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Claims, "claimants", lambda *_: ())
            return proposed(self, asset_id)

    patch.setattr(Claims, "proposed", boldly)


def stale_links_end_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(linking, "STALE_ASSET_LINKS", timedelta(0))


def stale_links_never_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(linking, "STALE_ASSET_LINKS", timedelta(days=3650))


def the_weaker_key_comes_first(patch: pytest.MonkeyPatch) -> None:
    keys_of = Claims._keys_of

    def without_serials(self: Claims, asset: Asset) -> AssetKeys:
        keys = keys_of(self, asset)
        return keys._replace(serials=[]) if keys.entra_device_id else keys

    patch.setattr(Claims, "_keys_of", without_serials)


def nothing_is_verified(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people, "needs_verification", lambda *_: False)


def the_list_counts_more_than_the_verified_users(patch: pytest.MonkeyPatch) -> None:
    primary_user = people._primary_user

    def by_list(managed: Any, owner_id: Any) -> Any:
        verified = [managed.user_id] if managed.user_id and managed.verified_user_ids is not None else None
        return primary_user(msgspec.structs.replace(managed, verified_user_ids=verified), owner_id)

    patch.setattr(people, "_primary_user", by_list)


def enrollment_managers_are_people(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people, "BY_MANAGER", "")


def kiosks_have_people(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people, "_WITHOUT_PERSON", frozenset())
    patch.setattr(people, "_SHARED_PROFILES", frozenset())


def accounts_for_something_else_are_people(patch: pytest.MonkeyPatch) -> None:
    person_of_asset = people.person_of_asset

    def of_everybody(inputs: AssetInputs, *args: Any) -> Any:
        everybody = {it: msgspec.structs.replace(person, use=AccountUse.PERSON) for it, person in inputs.people.items()}
        return person_of_asset(dataclasses.replace(inputs, people=everybody), *args)

    patch.setattr(plan, "person_of_asset", of_everybody)


def people_of_other_organizations_get_assets(patch: pytest.MonkeyPatch) -> None:
    _reason_is_overlooked(patch, NoEndUserReason.OTHER_ORGANIZATION)


def the_inactive_get_assets(patch: pytest.MonkeyPatch) -> None:
    _reason_is_overlooked(patch, NoEndUserReason.INACTIVE)


def _reason_is_overlooked(patch: pytest.MonkeyPatch, reason: NoEndUserReason) -> None:
    reason_against = people._reason_against

    def bold(*args: Any) -> Any:
        told = reason_against(*args)
        return None if told is reason else told

    patch.setattr(people, "_reason_against", bold)


def people_s_assignments_are_overwritten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people, "is_by_hand", lambda *_: False)


def people_s_assignments_are_never_overwritten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(people, "is_by_hand", lambda _, before: before is not None and before.by.value == "manual")


MUTATIONS: list[Mutate] = [
    *map(a_conflict_is_overlooked, (ReviewKind.SEVERAL_ASSETS, ReviewKind.SEVERAL_DEVICES, ReviewKind.SERIAL_DIFFERS)),
    fillers_are_serial_numbers,
    spaces_and_case_make_another_serial_number,
    zeros_are_a_device_id,
    serial_numbers_are_never_shared,
    two_devices_share_a_serial_number_already,
    records_of_one_day_are_told_apart,
    the_silent_count_as_in_use,
    enrolling_again_replaces_nothing,
    the_disabled_and_the_leaving_count,
    virtual_serial_numbers_count_everywhere,
    servers_are_like_others,
    servers_have_people,
    a_phone_may_be_a_laptop,
    archived_and_gone_assets_still_count,
    assets_of_other_organizations_are_linked,
    the_border_is_gone,
    what_was_undone_is_done_again,
    what_was_undone_is_forgotten_when_an_asset_is_pushed_again,
    an_undone_link_concerns_every_asset_with_the_serial_number,
    a_link_ends_when_its_key_is_not_known_any_more,
    a_link_is_kept_against_better_claims,
    people_s_links_are_overlooked,
    a_link_by_hand_decides_nothing_between_rivals,
    devices_linked_by_hand_are_free_for_others,
    people_s_links_do_not_follow_a_device,
    names_link,
    names_are_never_cut,
    the_first_of_several_names_is_taken,
    names_of_the_unseen_count,
    a_name_counts_although_the_serial_number_differs,
    claimed_devices_are_proposed,
    stale_links_end_at_once,
    stale_links_never_end,
    the_weaker_key_comes_first,
    nothing_is_verified,
    the_list_counts_more_than_the_verified_users,
    enrollment_managers_are_people,
    kiosks_have_people,
    accounts_for_something_else_are_people,
    people_of_other_organizations_get_assets,
    the_inactive_get_assets,
    people_s_assignments_are_overwritten,
    people_s_assignments_are_never_overwritten,
]
