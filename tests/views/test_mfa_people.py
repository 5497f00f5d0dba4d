"""The list of people by their MFA: whom to look at first, whom filters select, and where a page begins."""

from datetime import UTC, datetime

import pytest

from integrations.domain.evaluations.mfa import MfaRow
from integrations.domain.security.certainty import Certainty
from integrations.domain.security.mfa_counts import mfa_counts
from integrations.domain.security.mfa_policies import MfaCoverage
from integrations.domain.security.protection import CountedAs, Enrollment, Protection
from integrations.views.security.mfa_people import MfaFilter, MfaPage, mfa_page

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
COUNTS = mfa_counts({})


def person(
    name: str,
    protection: Protection = Protection.PROTECTED,
    counted_as: CountedAs = CountedAs.PERSON,
    *,
    is_administrator: bool | None = False,
) -> MfaRow:
    return MfaRow(
        user_id=f"id-of-{name}",
        name=name,
        username=f"{name}@contoso.com".lower(),
        is_administrator=is_administrator,
        counted_as=counted_as,
        registered=Enrollment.YES,
        capable=Enrollment.YES,
        required=Certainty.YES,
        coverage=MfaCoverage.FULL,
        protection=protection,
        causes=[],
        since=NOW,
    )


# In the order in which they are to be looked at.
PEOPLE = [
    person("exposed administrator", Protection.EXPOSED, is_administrator=True),
    person("forgotten administrator", Protection.NOT_REQUIRED, is_administrator=True),
    person("alice", Protection.EXPOSED),
    person("Alina", Protection.EXPOSED),
    person("Bob", Protection.TO_REGISTER),
    person("Anna", Protection.NOT_REQUIRED, is_administrator=None),
    person("a guest", Protection.EXPOSED, CountedAs.GUEST),
    person("z administrator", Protection.UNKNOWN, is_administrator=True),
    person("Carl", Protection.UNKNOWN),
    person("safe administrator", is_administrator=True),
    person("Dora"),
    person("a safe guest", Protection.PROTECTED, CountedAs.GUEST),
    person("gone administrator", Protection.EXPOSED, CountedAs.DISABLED, is_administrator=True),
    person("Emil", Protection.EXPOSED, CountedAs.DISABLED),
]
NAMES = [it.name for it in PEOPLE]


def page(mfa_filter: MfaFilter) -> MfaPage:
    return mfa_page(iter(sorted(PEOPLE, key=lambda it: it.user_id)), COUNTS, NOW, frozenset(), mfa_filter)


def names(mfa_filter: MfaFilter) -> list[str]:
    return [it.name for it in page(mfa_filter).items]


def test_who_is_unprotected_comes_first_administrators_before_others_and_disabled_accounts_last() -> None:
    assert names(MfaFilter()) == NAMES


@pytest.mark.parametrize("limit", [1, 3, 13, 14])
def test_pages_hold_everybody_once(limit: int) -> None:
    found, cursor = list[str](), ""
    while cursor is not None:
        part = page(MfaFilter(limit=limit, cursor=cursor))
        found += [it.name for it in part.items]
        assert part.total == len(PEOPLE)
        cursor = part.next_cursor

    assert found == NAMES


@pytest.mark.parametrize(
    ("mfa_filter", "expected"),
    [
        pytest.param(MfaFilter(protection="unprotected"), [*NAMES[:7], *NAMES[12:]], id="unprotected"),
        pytest.param(MfaFilter(protection="to_register"), ["Bob"], id="one protection"),
        pytest.param(MfaFilter(who="administrators"), [NAMES[0], NAMES[1], NAMES[7], NAMES[9]], id="administrators"),
        pytest.param(MfaFilter(who="people"), [*NAMES[:6], *NAMES[7:11]], id="people"),
        pytest.param(MfaFilter(who="guests"), ["a guest", "a safe guest"], id="guests"),
        pytest.param(MfaFilter(who="disabled"), ["gone administrator", "Emil"], id="disabled"),
        pytest.param(MfaFilter(text="ALI"), ["alice", "Alina"], id="part of a name"),
        pytest.param(MfaFilter(text="Bob@Contoso"), ["Bob"], id="part of a user name"),
        pytest.param(MfaFilter(who="guests", protection="exposed"), ["a guest"], id="two filters"),
    ],
)
def test_filters_select_people(mfa_filter: MfaFilter, expected: list[str]) -> None:
    assert names(mfa_filter) == expected
    assert page(mfa_filter).total == len(expected)
