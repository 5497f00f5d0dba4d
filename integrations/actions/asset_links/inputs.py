"""Everything that a plan of a tenant's asset links is made from, as it is stored now."""

import contextlib
from collections.abc import Collection
from dataclasses import dataclass, field

from integrations.actions.asset_links.devices import StoredDevices
from integrations.actions.asset_links.linked_tenant import LinkedTenant
from integrations.actions.people.finding import find_end_user
from integrations.domain.assets.asset import Asset, AssetAssignment
from integrations.domain.assets.inputs import AssetInputs, Assignee, DevicePerson
from integrations.domain.ids import AssetId, EndUserId, OrganizationId
from integrations.domain.people.changes import PeopleHead
from integrations.storage.documents import Stored
from shared.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenNow:
    """The versions of what a plan is made from, read before anything else.

    ``sequences`` are the numbers of Organizations' last changes, ``users`` is the version of the user sync.
    """

    sequences: dict[OrganizationId, int] = field(default_factory=dict)
    users: str = ""


def seen_now(linked: LinkedTenant) -> SeenNow:
    services, account_id = linked.account.services, linked.account.id
    heads: dict[OrganizationId, PeopleHead] = {
        it: services.people(account_id, it).head() for it in linked.synced.organization_ids
    }
    user_sync = linked.synced.store.find_head()
    return SeenNow(
        sequences={it: head.sequence for it, head in heads.items()},
        users=user_sync.etag if user_sync else "",
    )


@dataclass(frozen=True, slots=True)
class ReadAssets:
    """The inputs of a plan, and what may be written without reading it again where nobody changed anything since.

    ``stored`` are the assets with their versions; ``assignable`` are the End Users who stay in their Organization.
    """

    inputs: AssetInputs
    stored: dict[str, Stored[Asset]]
    assignable: set[EndUserId]


def read_inputs(linked: LinkedTenant, devices: StoredDevices) -> ReadAssets:
    """Read what is stored; what was decided counts as well while it is frozen, since a plan brings it back."""
    services, store = linked.account.services, linked.store
    stored: dict[str, Stored[Asset]] = {}
    assignments: dict[AssetId, AssetAssignment] = {}
    for organization_id in linked.synced.organization_ids:
        there = services.people(linked.account.id, organization_id).assets
        stored |= {it.value.id: it for it in there.all_stored()}
        assignments |= there.all_assignments()
    intune, links = devices.intune(), _linked_users(linked)
    wanted = {*links.values(), *(it.end_user_id for it in assignments.values() if it.end_user_id)}
    end_users, assignable = _end_users(linked, wanted)
    inputs = AssetInputs(
        organization_ids=linked.synced.organization_ids,
        assets={it.value.id: it.value for it in stored.values()},
        directory=devices.directory(),
        intune=intune,
        intune_state=devices.intune_state,
        people={
            object_id: DevicePerson(end_user_id=links.get(object_id), use=use)
            for object_id, use in devices.uses(intune).items()
        },
        end_users=end_users,
        manual={it.value.asset_id: it.value for it in store.manual.list()},
        undone=[it.value for it in store.undone.list()],
        statuses={it.asset_id: it for it in store.statuses.all()},
        assignments=assignments,
        settings=store.settings(),
        as_of=services.clock(),
    )
    return ReadAssets(inputs, stored, assignable)


def _linked_users(linked: LinkedTenant) -> dict[str, EndUserId]:
    """The End User of each user, by object id; none while the user sync is off or belongs to another mapping."""
    head = linked.synced.head()
    if not head.is_on or not linked.synced.is_in_use(head):
        return {}
    links = linked.synced.store.links.all()
    return {it.object_id: it.end_user_id for it in links if it.end_user_id}


def _end_users(
    linked: LinkedTenant, end_user_ids: Collection[EndUserId]
) -> tuple[dict[EndUserId, Assignee], set[EndUserId]]:
    """These End Users, and the ids of those who are in one of the tenant's Organizations and stay there."""
    services, account_id = linked.account.services, linked.account.id
    found: dict[EndUserId, Assignee] = {}
    staying: set[EndUserId] = set()
    for organization_id in linked.synced.organization_ids:
        for person in services.people(account_id, organization_id).end_users.all():
            if person.id in end_user_ids:
                found[person.id] = Assignee(organization_id=organization_id, is_active=person.is_active)
                if person.moving_to is None:
                    staying.add(person.id)
    for end_user_id in sorted(set(end_user_ids) - found.keys()):
        with contextlib.suppress(NotFound):
            person = find_end_user(services, account_id, end_user_id)
            found[end_user_id] = Assignee(organization_id=person.organization_id, is_active=person.is_active)
    return found, staying
