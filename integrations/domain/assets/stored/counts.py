"""How many assets of a tenant are linked and assigned, and why others are not. Pure."""

import msgspec

from integrations.domain.assets.reasons import NoEndUserReason


class AssetLinkCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What there was after the last plan was applied.

    Attributes:
        assets: Assets of the tenant's Organizations that are in use.
        linked: Those of them that are linked with a device.
        assigned: Those that have an End User.
        review: Those with an open question, conflicts left out.
        conflicts: Those that are not linked since serial number or ids fit several assets or devices.
        reasons: Those without End User, by the reason.
        unmanaged: Computers of the tenant that were seen within 30 days and are no asset.
    """

    assets: int
    linked: int
    assigned: int
    review: int
    conflicts: int
    reasons: dict[NoEndUserReason, int]
    unmanaged: int
