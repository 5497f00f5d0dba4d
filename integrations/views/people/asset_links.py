"""What the API shows of an asset's device: the link, an open question, and why the asset has no End User."""

from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.assets.links import AssetFinding, LinkEvidence, LinkKey, ReviewKind
from integrations.domain.assets.reasons import REASON_TEXTS, NoEndUserReason
from integrations.domain.assets.settings import AssetLinkSettings
from integrations.domain.ids import AssetId, TenantId
from integrations.views.user_sync.links import LinkedPerson
from shared.http.schemas import one_of


class AssetLinksView(msgspec.Struct, frozen=True, kw_only=True):
    """How the assets of a tenant are linked.

    Attributes:
        tenant_id: The tenant with whose devices they are linked.
        settings: The settings, with every field.
        linked_at: When links or whom assets belong to last changed. Null if they never did under this mapping.
    """

    tenant_id: TenantId
    settings: AssetLinkSettings
    linked_at: datetime | None


class DeviceUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user of the tenant.

    Attributes:
        object_id: The user's object id.
        name: The user's name.
        username: The user principal name. Null if it is not known.
    """

    object_id: str
    name: str
    username: str | None


class DeviceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A device of the tenant, by what people tell it apart.

    Attributes:
        device_id: Its object id in the directory, or its id in Intune if the directory does not have it.
        name: The name that Microsoft shows.
        serial: The serial number. Null if it is not known.
        manufacturer: The manufacturer. Null if it is not known.
        model: The model. Null if it is not known.
        system: The operating system. Null if it is not known.
        system_version: The version of the operating system. Null if it is not known.
        last_seen_at: When it last reported to Intune, or was last used to sign in. Null if it never was.
        primary_user: The user that Microsoft's list names. Null if it names nobody.
    """

    device_id: str
    name: str
    serial: str | None
    manufacturer: str | None
    model: str | None
    system: str | None
    system_version: str | None
    last_seen_at: datetime | None
    primary_user: DeviceUser | None


class AssetLinkView(msgspec.Struct, frozen=True, kw_only=True):
    """Which device an asset is, and why.

    Attributes:
        device_id: The device's object id in the directory, or its id in Intune if the directory does not have it.
        device: What Microsoft knows of it. Null if it is gone.
        how: The strongest thing that asset and device have in common.
        evidence: Everything that they have in common.
        confidence: How sure that is, from 0 to 1.
        since: From when the asset is linked with this device.
        by: The id of the person who linked them. Null if nobody did.
        stale_since: Since when the device is retired or gone. Null while it is there.
        stale_ids: Ids of its older records at Microsoft, at most 50.
        person: The user whose device it is, as far as that is known. Null if it is nobody's.
    """

    device_id: str
    device: DeviceSummary | None
    how: Annotated[str, one_of(LinkKey)]
    evidence: list[LinkEvidence]
    confidence: float
    since: datetime
    by: str | None
    stale_since: datetime | None
    stale_ids: list[str]
    person: DeviceUser | None


class RivalAsset(msgspec.Struct, frozen=True, kw_only=True):
    """Another asset that may be the same device.

    Attributes:
        asset_id: The other asset.
        name: The name that it has in its network.
    """

    asset_id: AssetId
    name: str


class AssetReviewView(msgspec.Struct, frozen=True, kw_only=True):
    """An open question about an asset.

    Attributes:
        kind: The question.
        is_conflict: Whether serial number or ids contradict each other, so that nothing is linked.
        key: What asset and device have in common. Null if the question is about the person.
        confidence: How sure it would be, from 0 to 1.
        candidates: Devices that it may be, at most 20.
        rivals: Other assets that may be the same device, at most 20.
        end_user: The End User of another Organization whose device it is. Null for other questions.
    """

    kind: Annotated[str, one_of(ReviewKind)]
    is_conflict: bool
    key: Annotated[str, one_of(LinkKey)] | None
    confidence: float
    candidates: list[DeviceSummary]
    rivals: list[RivalAsset]
    end_user: LinkedPerson | None


class NoEndUserView(msgspec.Struct, frozen=True, kw_only=True):
    """Why an asset has no End User.

    Attributes:
        code: The reason.
        detail: What is so.
        remedy: What would mend it.
    """

    code: Annotated[str, one_of(NoEndUserReason)]
    detail: str
    remedy: str


class AssetLinking(msgspec.Struct, frozen=True, kw_only=True):
    """What comparing an asset with the tenant's devices led to.

    Attributes:
        tenant_id: The Microsoft tenant.
        link: The device that it is. Null if none is linked.
        review: An open question. Null if there is none.
        reason: Why the asset has no End User. Null if it has one.
        findings: What is worth knowing about the End User that it has.
    """

    tenant_id: TenantId
    link: AssetLinkView | None
    review: AssetReviewView | None
    reason: NoEndUserView | None
    findings: list[Annotated[str, one_of(AssetFinding)]]


def no_end_user_view(reason: NoEndUserReason) -> NoEndUserView:
    """A reason in words."""
    text = REASON_TEXTS[reason]
    return NoEndUserView(code=reason.value, detail=text.detail, remedy=text.remedy)
