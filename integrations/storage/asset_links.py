"""The asset links of ONE tenant of an account: what is known of each asset's device, and what people decided.

Table ``assetlinks``, as ``lasting`` says. It outlives the epochs of a mapping: an unmapping freezes it, and it is
deleted when the data of the mapping is. Whom an asset belongs to is stored with the asset, and stays.
"""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from integrations.domain.assets.links import AssetStatus, ManualLink, UndoneLink
from integrations.domain.assets.settings import AssetLinkSettings
from integrations.domain.assets.stored.state import AssetLinksHead
from integrations.domain.ids import AccountId, EndUserId, TenantId
from integrations.storage.documents import RowKind
from integrations.storage.lasting import HEAD_KEY, LastingBatch, LastingRows
from shared.storage.tables import Tables, Write

_NO_SECRETS: frozenset[str] = frozenset()


def undone_key(undone: UndoneLink) -> str:
    return f"{undone.asset_id}.{undone.device_ids[0]}"


_HEAD = RowKind("asset_links_head", AssetLinksHead, lambda _: HEAD_KEY, _NO_SECRETS)
_STATUS = RowKind("asset_status", AssetStatus, lambda it: it.asset_id, _NO_SECRETS)
_MANUAL = RowKind("manual_asset_link", ManualLink, lambda it: it.asset_id, _NO_SECRETS)
_SETTINGS = RowKind("asset_link_settings", AssetLinkSettings, lambda _: HEAD_KEY, _NO_SECRETS)
_UNDONE = RowKind("undone_asset_link", UndoneLink, undone_key, _NO_SECRETS)

ASSET_LINK_KINDS: Mapping[str, RowKind[Any]] = {it.name: it for it in (_HEAD, _STATUS, _MANUAL, _UNDONE, _SETTINGS)}

AssetLinkBatch = LastingBatch[AssetLinksHead]


class AssetLinkStore(LastingRows[AssetLinksHead]):
    """The rows of one tenant's asset links, to be read. ``batch`` begins a change of them."""

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId) -> None:
        super().__init__(tables.rest_table("assetlinks"), account_id, tenant_id, _HEAD, ASSET_LINK_KINDS)
        self.statuses = self.documents(_STATUS)
        self.manual = self.documents(_MANUAL)
        self.undone = self.documents(_UNDONE)
        self._settings = self.documents(_SETTINGS)

    def settings(self) -> AssetLinkSettings:
        """How the assets are to be linked; the defaults if nobody has chosen."""
        stored = self._settings.find(HEAD_KEY)
        return stored.value if stored else AssetLinkSettings()

    def settings_write(self, settings: AssetLinkSettings) -> Write:
        return self._settings.put(settings)

    def forget_person(self, end_user_id: EndUserId, object_ids: Collection[str]) -> None:
        """Delete what names a person: as a device's person, and in questions.

        Raises:
            VersionConflict: somebody else changed the tenant's asset links at the same time.
        """
        batch = self.batch()
        for it in self.statuses.list():
            status = it.value
            is_person = status.person_id is not None and status.person_id in object_ids
            is_in_question = status.review is not None and status.review.end_user_id == end_user_id
            if is_person or is_in_question:
                changed = msgspec.structs.replace(
                    status,
                    person_id=None if is_person else status.person_id,
                    review=None if is_in_question else status.review,
                )
                batch.write_many([self.statuses.saved(it.now(changed))])
        if not batch.is_empty:
            batch.set_head(basis="")
            batch.commit()
