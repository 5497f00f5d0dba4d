"""How many people of a tenant are protected by MFA, from the counts by kind of the derived rows. Pure."""

from collections.abc import Mapping

import msgspec

from integrations.domain.security.protection import CountedAs, Protection

_ADMINISTRATOR = "administrator"


class ProtectionCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of people by what has to be done about their MFA.

    Attributes:
        total: How many there are.
        protected: MFA is required of them and they can use it.
        exposed: MFA is neither required of them nor registered.
        not_asked: They have registered, but MFA is not required of them.
        to_register: MFA is required of them, but they have registered nothing that they can use.
        unknown: One of the answers that decide is not known.
    """

    total: int
    protected: int
    exposed: int
    not_asked: int
    to_register: int
    unknown: int

    @property
    def unprotected(self) -> int:
        """How many are surely not protected."""
        return self.exposed + self.not_asked + self.to_register


class MfaCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of people of a tenant; only ``people`` and ``administrators`` are judged as unprotected.

    Attributes:
        people: Enabled members of the tenant, licensed or not, administrators included.
        administrators: Those of them who have a directory role.
        guests: Enabled guests.
        disabled: How many accounts are disabled.
        rooms: How many accounts belong to rooms and equipment.
    """

    people: ProtectionCounts
    administrators: ProtectionCounts
    guests: ProtectionCounts
    disabled: int
    rooms: int


def kind_of_person(counted: CountedAs, protection: Protection, *, is_administrator: bool) -> str:
    """The kind a derived row is counted as; ``mfa_counts`` adds these counts up."""
    if counted in {CountedAs.DISABLED, CountedAs.ROOM}:
        return str(counted.value)
    who = _ADMINISTRATOR if is_administrator and counted is CountedAs.PERSON else counted.value
    return f"{who} {protection.value}"


def mfa_counts(counts_by_kind: Mapping[str, int]) -> MfaCounts:
    """The totals, from counts of the kinds of ``kind_of_person``."""
    return MfaCounts(
        people=_counts(counts_by_kind, CountedAs.PERSON.value, _ADMINISTRATOR),
        administrators=_counts(counts_by_kind, _ADMINISTRATOR),
        guests=_counts(counts_by_kind, CountedAs.GUEST.value),
        disabled=counts_by_kind.get(CountedAs.DISABLED.value, 0),
        rooms=counts_by_kind.get(CountedAs.ROOM.value, 0),
    )


def _counts(counts_by_kind: Mapping[str, int], *who: str) -> ProtectionCounts:
    by_protection = {it: sum(counts_by_kind.get(f"{kind} {it.value}", 0) for kind in who) for it in Protection}
    fields = {it.value: number for it, number in by_protection.items()}
    return ProtectionCounts(total=sum(fields.values()), **fields)
