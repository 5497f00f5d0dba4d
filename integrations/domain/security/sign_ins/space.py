"""All ordinary sign-ins as a space of six dimensions, and the part of it that some policies leave open. Pure.

A dimension has a few values that policies tell apart. A region is one bit mask for each dimension: the sign-ins that
have one of its values in each of them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

Region = tuple[int, ...]

OTHER_APPLICATION = "(other)"
TRUSTED, ELSEWHERE = "AllTrusted", "(elsewhere)"
BROWSER, MODERN, ACTIVE_SYNC, LEGACY = "browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"
CLIENTS = (MODERN, BROWSER, ACTIVE_SYNC, LEGACY)
OTHER_PLATFORM = "(other)"
PLATFORMS = ("windows", "macos", "ios", "android", "linux", "windowsphone", OTHER_PLATFORM)
RISKS = ("none", "low", "medium", "high")


class Dimension(IntEnum):
    """The dimensions; those with few values come first, so that the search for a gap branches late."""

    SIGN_IN_RISK = 0
    USER_RISK = 1
    CLIENT = 2
    PLATFORM = 3
    PLACE = 4
    APPLICATION = 5


@dataclass(frozen=True)
class SignInSpace:
    """The values of each dimension, for applications and places those that some policy mentions."""

    applications: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    values: tuple[tuple[str, ...], ...] = field(init=False)
    everything: Region = field(init=False)

    def __post_init__(self) -> None:
        values = (
            RISKS,
            RISKS,
            CLIENTS,
            PLATFORMS,
            (ELSEWHERE, TRUSTED, *self.places),
            (OTHER_APPLICATION, *self.applications),
        )
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "everything", tuple((1 << len(it)) - 1 for it in values))

    def mask(self, dimension: Dimension, chosen: Iterable[str]) -> int:
        """The bits of these values; one that the dimension does not have has none."""
        wanted = set(chosen)
        return sum(1 << at for at, value in enumerate(self.values[dimension]) if value in wanted)

    def chosen(self, region: Region, dimension: Dimension) -> list[str] | None:
        """The values of a region in one dimension; None if it has all of them."""
        if region[dimension] == self.everything[dimension]:
            return None
        return [value for at, value in enumerate(self.values[dimension]) if region[dimension] >> at & 1]

    def covered_by(self, regions: Iterable[Region]) -> bool:
        """Whether these regions together hold every sign-in."""
        return self._open_cell(frozenset(regions), 0, set()) is None

    def first_gap(self, regions: Iterable[Region]) -> Region | None:
        """A region, as wide as possible, that none of these regions touches; None if they hold every sign-in."""
        present = frozenset(regions)
        cell = self._open_cell(present, 0, set())
        return None if cell is None else self._widened(cell, present)

    def _open_cell(
        self, rests: frozenset[Region], depth: int, covered: set[tuple[int, frozenset[Region]]]
    ) -> Region | None:
        """One sign-in outside of these regions, of which only the dimensions from ``depth`` on are left."""
        if not rests:
            return (1,) * (len(self.everything) - depth)
        if self.everything[depth:] in rests:
            return None
        if (depth, rests) in covered:
            return None
        for bit, inner in self._branches(rests, depth):
            cell = self._open_cell(inner, depth + 1, covered)
            if cell is not None:
                return (bit, *cell)
        covered.add((depth, rests))
        return None

    def _branches(self, rests: frozenset[Region], depth: int) -> Iterator[tuple[int, frozenset[Region]]]:
        """The values of a dimension that differ, each with what is left of the regions that have it."""
        present: set[frozenset[Region]] = set()
        for at in range(len(self.values[depth])):
            inner = frozenset([it[1:] for it in rests if it[0] >> at & 1])
            if inner not in present:
                present.add(inner)
                yield 1 << at, inner

    def _widened(self, cell: Region, regions: Iterable[Region]) -> Region:
        """The cell, wider by one dimension after the other as far as no region is touched."""
        wide = list(cell)
        apart = {region: _apart(region, cell) for region in regions}
        for dimension, everything in enumerate(self.everything):
            taken = 0
            for region, dimensions in apart.items():
                if dimensions == {dimension}:
                    taken |= region[dimension]
            wide[dimension] = everything & ~taken
            for region, dimensions in apart.items():
                if region[dimension] & wide[dimension]:
                    dimensions.discard(dimension)
        return tuple(wide)


def _apart(region: Region, other: Region) -> set[int]:
    """The dimensions in which two regions have nothing in common."""
    return {dimension for dimension, mask in enumerate(region) if not mask & other[dimension]}
