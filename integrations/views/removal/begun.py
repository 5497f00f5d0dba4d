"""The answer to a request to remove one integration or all of them."""

import msgspec

from integrations.domain.ids import RemovalId


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """A removal that has begun; ``effects`` is empty when it was under way already.

    Attributes:
        removal_id: The removal, to be followed with GET /removals/{removal_id}.
        effects: What it will do, in sentences for people. Empty when it was under way already.
    """

    removal_id: RemovalId
    effects: list[str]


class AllBegun(msgspec.Struct, kw_only=True):
    """The removals under way in the account.

    Attributes:
        removal_ids: A removal for each integration of the account, those that were under way already included.
    """

    removal_ids: list[RemovalId]
