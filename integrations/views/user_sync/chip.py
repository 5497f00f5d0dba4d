"""The state of a tenant's user sync in a few words, on its row and in its details."""

from typing import Annotated

import msgspec

from integrations.domain.user_sync.stored.state import UserSyncChip, UserSyncState
from shared.http.schemas import one_of

_LABELS = {
    UserSyncState.OFF: ("Off", "grey"),
    UserSyncState.WAITING: ("Waiting for its first run", "grey"),
    UserSyncState.SYNCED: ("On", "green"),
    UserSyncState.HELD: ("Held: somebody must look at it", "orange"),
    UserSyncState.FAILED: ("Failed", "red"),
    UserSyncState.RESTING: ("Resting: your account is not on the Team plan", "grey"),
}
COLOURS = ("grey", "green", "orange", "red")


class UserSyncChipView(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody should know of a tenant's user sync.

    Attributes:
        state: What the user sync is doing.
        label: What to know, in a few words.
        colour: The colour in which the page shows it.
    """

    state: Annotated[str, one_of(UserSyncState)]
    label: str
    colour: Annotated[str, one_of(*COLOURS)]


def label_and_colour(state: UserSyncState) -> tuple[str, str]:
    return _LABELS[state]


def chip_view(chip: UserSyncChip | None, epoch: int) -> UserSyncChipView | None:
    """The chip of a row under this epoch of its mapping."""
    if chip is None or chip.epoch != epoch:
        return None
    labels = {UserSyncState.HELD: ("User sync held", "orange"), UserSyncState.FAILED: ("User sync failed", "red")}
    label, colour = labels.get(chip.state, (f"{chip.questions:,} to decide", "orange"))
    return UserSyncChipView(state=chip.state.value, label=label, colour=colour)


def state_view(state: UserSyncState) -> UserSyncChipView:
    """A state as a tenant's details show it."""
    label, colour = _LABELS[state]
    return UserSyncChipView(state=state.value, label=label, colour=colour)
