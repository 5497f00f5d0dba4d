"""Whatever changes in a directory, in whatever order: what changes bring home is what a whole reading would (I15)."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from integrations.domain.ids import AccountId, TenantId
from integrations.microsoft.registry import DATASETS
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from shared.storage.table_clients.rest_table import RestTable
from tests.exhaustive import IS_FULL
from tests.flows.portal import Portal, open_portal

ALICE, BOB = AccountId("acct_northwind"), AccountId("acct_southridge")
# Each reading makes these anew: a report with its own time, and a score of each day that passes.
_NOT_COMPARED = {"sign_ins", "secure_score"}


class _Died(BaseException):
    """The process ends here."""


class Directory:
    """One tenant, synced by one account round after round; another account's first sync tells what is right."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.world = portal.microsoft.world
        self.tenant = portal.has_tenant(users=12)
        self.groups: list[str] = []
        portal.connected(self.tenant)

    @property
    def id(self) -> str:
        return self.tenant["id"]

    def people(self) -> list[str]:
        return [it["id"] for it in self.world.users(self.id)]

    def devices(self) -> list[str]:
        return [it["id"] for it in self.world.devices(self.id)]

    def sync(self) -> None:
        self.portal.later(hours=7)  # so that every data set is due
        self.portal.ask("POST", f"/tenants/{self.id}/sync", expect=202)
        self.portal.run_queues()

    def sync_and_die(self, at: int, patch: pytest.MonkeyPatch) -> None:
        """The process ends at its n-th transaction; ten minutes later another one takes the tenant over."""
        left, write = at, RestTable.write

        def dying(table: RestTable, *writes: Any) -> str:
            nonlocal left
            left -= 1
            if left == 0:
                raise _Died
            return write(table, *writes)

        with patch.context() as patched, suppress(_Died):
            patched.setattr(RestTable, "write", dying)
            self.sync()
        self.portal.later(minutes=10)

    def rows(self, account: AccountId) -> dict[str, dict[str, Any]]:
        """Everything that is stored, by data set and key."""
        tenant = self.portal.services.control(account).tenants.find(self.id)
        assert tenant is not None
        data = self.portal.services.data(account, TenantId(self.id), tenant.value.epoch)
        return {
            it.name: dict(data.list(it.name, it.record, limit=10_000))
            for it in DATASETS
            if it.name not in _NOT_COMPARED
        }


def _add(on: Directory, number: int) -> None:
    on.world.add_user(on.id, displayName=f"Newcomer {number}")


def _change(on: Directory, number: int) -> None:
    on.world.touch_users(on.id, count=1 + number % 3, seed=number)


def _rename(on: Directory, number: int) -> None:
    people = on.people()[1:]  # the administrator still has to sign in
    if people:
        on.world.change_user(on.id, people[number % len(people)], displayName=f"Renamed {number}", accountEnabled=False)


def _remove(on: Directory, number: int) -> None:
    people = on.people()[1:]  # the administrator stays
    if people:
        on.world.remove_user(on.id, people[number % len(people)], permanently=number % 2 == 0)


def _add_device(on: Directory, number: int) -> None:
    people = on.people()
    on.world.add_device(on.id, owner_id=people[number % len(people)], displayName=f"DEVICE-{number}")


def _remove_device(on: Directory, number: int) -> None:
    devices = on.devices()
    if devices:
        on.world.remove_device(on.id, devices[number % len(devices)])


def _add_group(on: Directory, number: int) -> None:
    on.groups.append(on.world.add_group(on.id, f"Group {number}", on.people()[: number % 5]))


def _configure(on: Directory, number: int) -> None:
    key = f"5e77{number % 3:04}-0000-4000-8000-000000000001"
    kinds = {
        "named_locations": {"@odata.type": "#microsoft.graph.countryNamedLocation", "displayName": f"Place {number}"},
        "partners": {"tenantId": key, "isServiceProvider": number % 2 == 0},
        "group_settings": {"displayName": "Group.Unified", "values": [{"name": "Guests", "value": str(number)}]},
    }
    kind = list(kinds)[number % 3]
    on.world.put_setting(on.id, kind, key, **({"id": key} if kind != "partners" else {}), **kinds[kind])
    if number % 4 == 0:
        on.world.drop_setting(on.id, kind, key)


def _expire(on: Directory, number: int) -> None:
    on.world.expire_delta_tokens(on.id, "410" if number % 2 else "syncStateNotFound")


def _fail(on: Directory, number: int) -> None:
    """One request of the next sync is answered with a web page: the batch's, a page's, or one data set's."""
    paths = (r"\$batch", "/users", "/devices", "/groups", "skiptoken")
    on.world.fault(host="graph", tenant_id=on.id, path=paths[number % len(paths)], kind="html", times=9)
    on.sync()
    on.world.clear_faults()


DEEDS: tuple[Callable[[Directory, int], None], ...] = (
    _add,
    _change,
    _rename,
    _remove,
    _add_device,
    _remove_device,
    _add_group,
    _configure,
    _expire,
    _fail,
)
rounds = st.lists(
    st.tuples(st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 99)), max_size=5), st.integers(0, 9)),
    min_size=1,
    max_size=4,
)


@pytest.mark.timeout(2 * 3600 if IS_FULL else 600)
@settings(
    max_examples=200 if IS_FULL else 3,
    database=None,
    derandomize=not IS_FULL,
    phases=[Phase.generate],  # a story is short enough to be read as it is
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=rounds)
def test_changes_bring_home_what_a_whole_reading_would(
    microsoft: Running,
    identity: PortalIdentity,
    _unused: Iterator[str],  # noqa: PT019 - each example takes the next one
    monkeypatch: pytest.MonkeyPatch,
    story: list[tuple[list[tuple[Callable[[Directory, int], None], int]], int]],
) -> None:
    microsoft.world.reset()
    microsoft.world.switch(throttling=False)
    portal = open_portal(microsoft, identity, next(_unused))
    on = Directory(portal)
    for deeds, dies_at in story:
        for deed, number in deeds:
            deed(on, number)
        if dies_at:
            on.sync_and_die(dies_at, monkeypatch)
    on.sync()
    on.sync()  # what vanished in masses is believed when it is seen twice

    on.portal.called_by("bob").connected(on.tenant)
    assert on.rows(ALICE) == on.rows(BOB)
