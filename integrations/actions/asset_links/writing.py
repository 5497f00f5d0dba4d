"""Carry out a plan of asset links, in an order in which a crash at any point heals with the next run.

Whom an asset belongs to is written first, with the asset, and what is known of its device afterwards. An asset that
somebody else changed since it was read is left to the next run.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from integrations.actions.asset_links.inputs import ReadAssets
from integrations.actions.asset_links.linked_tenant import LinkedTenant
from integrations.actions.people.assignments import assignable
from integrations.actions.people.work import PeopleWork
from integrations.domain.assets.asset import Asset
from integrations.domain.assets.inputs import AssetInputs
from integrations.domain.assets.plan import AssetChange, AssetPlan
from integrations.domain.ids import AssetId, EndUserId, OrganizationId, organization_of
from integrations.domain.people.changes import ChangedBy
from integrations.storage.asset_links import AssetLinkBatch
from integrations.storage.documents import Stored
from integrations.storage.people import PeopleBatch
from shared.errors import NotFound
from shared.storage.tables import Write

_A_TRANSACTION = 24  # assets of four rows each


class LinkWriter:
    """One plan that is carried out; ``seen`` are the numbers of Organizations' changes that it was made from."""

    def __init__(
        self,
        linked: LinkedTenant,
        read: ReadAssets,
        plan: AssetPlan,
        batch: AssetLinkBatch,
        seen: dict[OrganizationId, int],
    ) -> None:
        self._linked = linked
        self._read = read
        self._inputs = inputs = read.inputs
        self._changes = plan.changes
        self._batch = batch
        self._forgotten = [it for it in inputs.manual if _is_deleted(inputs, it)]
        self.seen = dict(seen)
        self.left: list[AssetChange] = []

    @property
    def is_empty(self) -> bool:
        return not self._changes and not self._forgotten

    def write(self) -> None:
        """Write everything but the state in the head.

        ``left`` are changes of assets that others changed meanwhile.

        Raises:
            VersionConflict: somebody else changes the tenant's asset links, or kept changing the assets.
        """
        assigned: defaultdict[OrganizationId, list[AssetChange]] = defaultdict(list)
        for it in self._changes:
            if it.assignment:
                assigned[self._inputs.assets[it.asset_id].organization_id].append(it)
        done: set[AssetId] = set()
        for organization_id, some in assigned.items():
            work = PeopleWork(self._linked.account, organization_id, by=ChangedBy.SYNC)
            for start in range(0, len(some), _A_TRANSACTION):
                done |= self._assign(work, some[start : start + _A_TRANSACTION])
        self.left = [it for it in self._changes if it.assignment and it.asset_id not in done]
        left = {it.asset_id for it in self.left}
        self._batch.write_many(list(self._status_writes([it for it in self._changes if it.asset_id not in left])))

    def _assign(self, work: PeopleWork, changes: Sequence[AssetChange]) -> set[AssetId]:
        """One transaction; returns the assets that are as the plan has them."""
        organization_id = work.people.organization_id

        def attempt(batch: PeopleBatch) -> tuple[set[AssetId], int, int]:
            before, done = batch.head.sequence, set()
            found, there = self._found(work, before, changes)
            for it in changes:
                stored = found.get(it.asset_id)
                is_there = it.assignment is not None and it.assignment.end_user_id in there
                is_as_read = stored is not None and stored.value.sequence == self._inputs.assets[it.asset_id].sequence
                if stored is not None and is_there and is_as_read:
                    batch.assign(stored, it.assignment)
                    done.add(it.asset_id)
            return done, before, batch.head.sequence

        try:
            done, before, after = work.carry_further(attempt)
        except NotFound:  # the Organization was deleted
            return set()
        if self.seen.get(organization_id) == before:
            self.seen[organization_id] = after
        return done

    def _found(
        self, work: PeopleWork, sequence: int, changes: Sequence[AssetChange]
    ) -> tuple[Mapping[str, Stored[Asset]], AbstractSet[EndUserId]]:
        """The assets as they are, and End Users who may get them; as read before where nobody else changed anything."""
        if sequence == self.seen.get(work.people.organization_id):
            return self._read.stored, self._read.assignable
        wanted = {it.assignment.end_user_id for it in changes if it.assignment}
        found = work.people.assets.rows.find_all([it.asset_id for it in changes])
        return found, assignable(work.people, [it for it in wanted if it])

    def _status_writes(self, changes: Sequence[AssetChange]) -> Iterator[Write]:
        store = self._linked.store
        for it in changes:
            if it.status is not None:
                yield store.statuses.put(it.status)
            elif it.asset_id in self._inputs.statuses:
                yield store.statuses.dropped(it.asset_id)
        yield from map(store.manual.dropped, self._forgotten)


def _is_deleted(inputs: AssetInputs, asset_id: AssetId) -> bool:
    return asset_id not in inputs.assets and organization_of(asset_id) in inputs.organization_ids
