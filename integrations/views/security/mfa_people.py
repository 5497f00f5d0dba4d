"""Whether MFA protects the people of a tenant: the counts, and a page of people, as JSON and as rows of a CSV file."""

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec

from integrations.domain.evaluations.mfa import MfaRow
from integrations.domain.security.certainty import Certainty
from integrations.domain.security.mfa_causes import MfaCause
from integrations.domain.security.mfa_counts import MfaCounts, kind_of_person, mfa_counts
from integrations.domain.security.mfa_decision import MfaMode
from integrations.domain.security.mfa_policies import MfaCoverage
from integrations.domain.security.protection import CountedAs, Enrollment, Protection
from integrations.views.cursors import read_cursor, write_cursor
from integrations.views.datasets import NOT_MAPPED
from integrations.views.security.findings import EVALUATED, NOT_EVALUATED
from integrations.views.status import to_second
from shared.http.schemas import one_of

UNPROTECTED = "unprotected"
_UNPROTECTED = (Protection.EXPOSED, Protection.TO_REGISTER, Protection.NOT_REQUIRED)  # what is worst first
_ORDER = (*_UNPROTECTED, Protection.UNKNOWN, Protection.PROTECTED)
PROTECTIONS = (UNPROTECTED, *(it.value for it in _ORDER))
ADMINISTRATORS, PEOPLE, GUESTS, DISABLED = WHO = "administrators", "people", "guests", "disabled"
_WHO = {PEOPLE: CountedAs.PERSON, GUESTS: CountedAs.GUEST, DISABLED: CountedAs.DISABLED}
COLUMNS = (
    "user_id", "name", "username", "is_administrator", "counted_as", "registered", "capable", "required", "coverage",
    "mode", "protection", "gap", "causes", "more_causes", "since",
)  # fmt: skip


class MfaPersonView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the MFA of one person.

    Attributes:
        user_id: The user's object id.
        name: The name that Microsoft shows.
        username: The user principal name. Null if Microsoft does not give it.
        is_administrator: Whether they have a directory role, directly or through a group. Null if it is not known.
        counted_as: Among whom they are counted.
        registered: Whether they have registered a method of MFA. "home tenant": a guest proves MFA there.
        capable: Whether they have registered one that they are allowed to use.
        required: Whether MFA is required of them at any ordinary sign-in.
        coverage: Whether it is required at all sign-ins, some, or none.
        mode: How it is required. Null where it is not, or not for sure.
        protection: What has to be done about it.
        gap: The first sign-ins at which it is not required, in words. Null where it is required.
        causes: What requires it, or why nothing does, and why something is not known: what matters most comes first.
        more_causes: How many causes are left out.
        since: Since when all of this has been so, apart from names, the gap and the causes.
    """

    user_id: str
    name: str
    username: str | None
    is_administrator: bool | None
    counted_as: Annotated[str, one_of(CountedAs)]
    registered: Annotated[str, one_of(Enrollment)]
    capable: Annotated[str, one_of(Enrollment)]
    required: Annotated[str, one_of(Certainty)]
    coverage: Annotated[str, one_of(MfaCoverage)]
    mode: MfaMode | None
    protection: Annotated[str, one_of(Protection)]
    gap: str | None
    causes: list[MfaCause]
    more_causes: int
    since: datetime


class MfaPage(msgspec.Struct, frozen=True, kw_only=True):
    """How many people of a tenant MFA protects, and a page of them.

    Attributes:
        counts: How many people there are, by what has to be done about their MFA. Filters do not change it.
        excepted: Those of counts who are not protected, and for whom the account has made an exception.
        items: People in the order in which they are looked at: who is unprotected first, administrators before others.
        total: How many people the filters select.
        next_cursor: The cursor of the next page. Null on the last one.
        state: "evaluated", "not_evaluated" before the first time, or "not_mapped".
        as_of: When people were last decided about. Null before the first time.
    """

    counts: MfaCounts | None
    excepted: MfaCounts | None
    items: list[MfaPersonView]
    total: int
    next_cursor: str | None
    state: Annotated[str, one_of(EVALUATED, NOT_EVALUATED, NOT_MAPPED)]
    as_of: datetime | None


class _Place(NamedTuple):
    """Where somebody stands in the list; the lowest comes first."""

    is_inactive: bool
    protection: int  # all ways of being unprotected are the same here
    is_no_administrator: bool
    is_guest: bool
    exact_protection: int
    name: str
    user_id: str


class MfaFilter(NamedTuple):
    """Which people a caller asks for, and how many from where; an empty text filters nothing.

    ``protection`` is one of PROTECTIONS, ``who`` one of WHO, ``text`` a part of a name, and ``cursor`` the
    ``next_cursor`` of the page before.
    """

    protection: str = ""
    who: str = ""
    text: str = ""
    limit: int = 100
    cursor: str = ""


def mfa_page(
    rows: Iterable[MfaRow],
    counts: MfaCounts,
    as_of: datetime | None,
    exceptions: Collection[str],
    mfa_filter: MfaFilter,
) -> MfaPage:
    """The people that the filter selects; ``exceptions`` are user ids. Only those of the page are in memory together.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    after = read_cursor(mfa_filter.cursor, _Place) if mfa_filter.cursor else None
    total = 0
    excepted = Counter[str]()

    def following() -> Iterable[tuple[_Place, MfaRow]]:
        nonlocal total
        for row in rows:
            if row.user_id in exceptions and row.protection in _UNPROTECTED:
                excepted[_kind(row)] += 1
            if _is_selected(row, mfa_filter):
                total += 1
                place = _place(row)
                if after is None or place > after:
                    yield place, row

    first = heapq.nsmallest(mfa_filter.limit + 1, following(), key=lambda it: it[0])
    page = first[: mfa_filter.limit]
    return MfaPage(
        counts=counts,
        excepted=mfa_counts(excepted),
        items=[_person(row) for _, row in page],
        total=total,
        next_cursor=write_cursor(page[-1][0]) if len(first) > len(page) else None,
        state=EVALUATED,
        as_of=to_second(as_of),
    )


def no_mfa_page(*, is_mapped: bool) -> MfaPage:
    """The page of a tenant about whose people was never decided."""
    state = NOT_EVALUATED if is_mapped else NOT_MAPPED
    return MfaPage(counts=None, excepted=None, items=[], total=0, next_cursor=None, state=state, as_of=None)


def cells(person: MfaPersonView) -> Sequence[str]:
    """A person in the order of COLUMNS; causes as ``name: why``."""
    fields = msgspec.to_builtins(person)
    fields["causes"] = "; ".join(f"{it.name}: {it.why}" for it in person.causes)
    return [_text(fields[name]) for name in COLUMNS]


def _is_selected(row: MfaRow, mfa_filter: MfaFilter) -> bool:
    text = mfa_filter.text.casefold()
    return (
        _has_protection(row, mfa_filter.protection)
        and _is_one_of(row, mfa_filter.who)
        and (not text or text in row.name.casefold() or text in (row.username or "").casefold())
    )


def _kind(row: MfaRow) -> str:
    return kind_of_person(row.counted_as, row.protection, is_administrator=bool(row.is_administrator))


def _has_protection(row: MfaRow, name: str) -> bool:
    return not name or row.protection.value == name or (name == UNPROTECTED and row.protection in _UNPROTECTED)


def _is_one_of(row: MfaRow, who: str) -> bool:
    if who == ADMINISTRATORS:
        return row.counted_as is CountedAs.PERSON and bool(row.is_administrator)
    return not who or row.counted_as is _WHO[who]


def _place(row: MfaRow) -> _Place:
    rank = _ORDER.index(row.protection)
    return _Place(
        is_inactive=row.counted_as not in {CountedAs.PERSON, CountedAs.GUEST},
        protection=max(rank, len(_UNPROTECTED) - 1),
        is_no_administrator=not row.is_administrator,
        is_guest=row.counted_as is CountedAs.GUEST,
        exact_protection=rank,
        name=row.name.casefold(),
        user_id=row.user_id,
    )


def _person(row: MfaRow) -> MfaPersonView:
    return MfaPersonView(
        user_id=row.user_id,
        name=row.name,
        username=row.username,
        is_administrator=row.is_administrator,
        counted_as=row.counted_as.value,
        registered=row.registered.value,
        capable=row.capable.value,
        required=row.required.value,
        coverage=row.coverage.value,
        mode=row.mode,
        protection=row.protection.value,
        gap=row.gap,
        causes=row.causes,
        more_causes=row.more_causes,
        since=row.since.replace(microsecond=0),
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
