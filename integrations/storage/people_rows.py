"""Rows of the table ``people``: their kinds, and the keys under which they are found."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from integrations.domain.assets.asset import Asset, AssetAssignment
from integrations.domain.ids import AssetId, EndUserId, OrganizationId
from integrations.domain.people.changes import (
    AssetTombstone,
    ChangedAsset,
    EndUserChange,
    PeopleHead,
    Tombstone,
)
from integrations.domain.people.end_user import EndUser
from integrations.storage.documents import RowKind

HEAD_KEY = "current"
_NO_SECRETS: frozenset[str] = frozenset()


class ExternalId(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who has an external id. ``is_merged``: it was that of somebody who was merged into this End User."""

    key: str
    end_user_id: EndUserId
    is_merged: bool = False


class AssetExternalId(msgspec.Struct, frozen=True, kw_only=True):
    """Which asset has an external id."""

    key: str
    asset_id: AssetId


class AssetAssignmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """The End User of an asset; apart from what the portal says about it."""

    asset_id: AssetId
    assignment: AssetAssignment


class MovedEndUser(msgspec.Struct, frozen=True, kw_only=True):
    """An End User who was in this Organization, and the one to which it was moved from here."""

    end_user_id: EndUserId
    moved_to: OrganizationId


def number_key(sequence: int) -> str:
    """Sixteen digits, so that keys sort as the numbers do."""
    return f"{sequence:016d}"


def external_key(external_id: str) -> str:
    """A key for any text."""
    return hashlib.sha256(external_id.encode()).hexdigest()


def external_id_rows(person: EndUser | None) -> dict[str, ExternalId]:
    """The rows of an End User's external ids, by their keys."""
    if person is None:
        return {}
    rows = (
        ExternalId(key=external_key(it), end_user_id=person.id, is_merged=it != person.external_id)
        for it in person.external_ids
    )
    return {it.key: it for it in rows}


HEAD = RowKind("people_head", PeopleHead, lambda _: HEAD_KEY, _NO_SECRETS)
END_USER = RowKind("end_user", EndUser, lambda it: it.id, _NO_SECRETS)
EXTERNAL_ID = RowKind("external_id", ExternalId, lambda it: it.key, _NO_SECRETS)
CHANGE = RowKind("end_user_change", EndUserChange, lambda it: number_key(it.sequence), _NO_SECRETS)
TOMBSTONE = RowKind("end_user_tombstone", Tombstone, lambda it: number_key(it.sequence), _NO_SECRETS)
MOVED = RowKind("moved_end_user", MovedEndUser, lambda it: it.end_user_id, _NO_SECRETS)
ASSET = RowKind("asset", Asset, lambda it: it.id, _NO_SECRETS)
ASSET_EXTERNAL_ID = RowKind("asset_external_id", AssetExternalId, lambda it: it.key, _NO_SECRETS)
ASSET_ASSIGNMENT = RowKind("asset_assignment", AssetAssignmentRow, lambda it: it.asset_id, _NO_SECRETS)
ASSET_CHANGE = RowKind("asset_change", ChangedAsset, lambda it: number_key(it.sequence), _NO_SECRETS)
ASSET_TOMBSTONE = RowKind("asset_tombstone", AssetTombstone, lambda it: number_key(it.sequence), _NO_SECRETS)

_OF_END_USERS = (END_USER, EXTERNAL_ID, CHANGE, TOMBSTONE, MOVED)
_OF_ASSETS = (ASSET, ASSET_EXTERNAL_ID, ASSET_ASSIGNMENT, ASSET_CHANGE, ASSET_TOMBSTONE)

PEOPLE_KINDS: Mapping[str, RowKind[Any]] = {it.name: it for it in (HEAD, *_OF_END_USERS, *_OF_ASSETS)}
