"""The assets of ONE Organization of an account, to be read; they are written in batches of its people."""

from collections.abc import Collection, Iterator

from integrations.domain.assets.asset import Asset, AssetAssignment
from integrations.domain.ids import AssetId
from integrations.storage.documents import ROWS_A_PAGE, Documents, Stored
from integrations.storage.people_rows import (
    ASSET,
    ASSET_ASSIGNMENT,
    ASSET_CHANGE,
    ASSET_EXTERNAL_ID,
    ASSET_TOMBSTONE,
    external_key,
)
from shared.storage.tables import Table


class OrganizationAssets:
    """Assets, the End Users they are assigned to, and their part of the feed."""

    def __init__(self, table: Table, partition: str) -> None:
        self.rows = Documents(table, partition, ASSET)
        self.external_ids = Documents(table, partition, ASSET_EXTERNAL_ID)
        self.assignments = Documents(table, partition, ASSET_ASSIGNMENT)
        self.changes = Documents(table, partition, ASSET_CHANGE)
        self.tombstones = Documents(table, partition, ASSET_TOMBSTONE)

    def of_external_ids(self, external_ids: Collection[str]) -> dict[str, Stored[Asset]]:
        """The assets that have these external ids, by external id."""
        found = self.external_ids.find_all([external_key(it) for it in external_ids])
        assets = self.rows.find_all([it.value.asset_id for it in found.values()])
        return {it.value.external_id: it for it in assets.values()}

    def assignments_of(self, asset_ids: Collection[AssetId]) -> dict[AssetId, AssetAssignment]:
        """Whom these assets belong to, by asset."""
        found = self.assignments.find_all(asset_ids)
        return {it.value.asset_id: it.value.assignment for it in found.values()}

    def assignments_between(self, first: AssetId, last: AssetId) -> dict[AssetId, AssetAssignment]:
        """The same for all assets from one id to another, both included."""
        found = self.assignments.through(first, last)
        return {it.value.asset_id: it.value.assignment for it in found}

    def all_assets(self, after: str = "") -> Iterator[Asset]:
        """Every asset in the order of their ids, after this one; only one page is in memory at a time."""
        return self.rows.all(after)

    def all_stored(self, after: str = "") -> Iterator[Stored[Asset]]:
        """The same, with their versions."""
        while page := self.rows.list(after=after, limit=ROWS_A_PAGE):
            yield from page
            after = page[-1].value.id

    def all_assignments(self, after: str = "") -> Iterator[tuple[AssetId, AssetAssignment]]:
        """Every assignment in the order of the assets' ids, after this one; one page is in memory at a time."""
        return ((it.asset_id, it.assignment) for it in self.assignments.all(after))
