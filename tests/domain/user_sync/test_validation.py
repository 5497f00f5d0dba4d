"""Settings that make no sense are refused, and everything that is wrong is named at once."""

import msgspec
import pytest

from integrations.domain.user_sync.settings import (
    Authority,
    DomainFilter,
    GroupFilter,
    SyncedField,
    TextFilter,
    UserFilter,
    UserSyncSettings,
)
from integrations.domain.user_sync.validation import MOST_ORGANIZATIONS, MOST_VALUES, problems_of
from tests.domain.user_sync.worlds import ACME, BRANCH, at_domain, department, equal, in_group, into, sync

GROUP = "0a0a0a0a-0000-4000-8000-000000000001"


def pointers(settings: UserSyncSettings) -> list[str]:
    return [it.pointer for it in problems_of(settings, {ACME, BRANCH})]


def pointers_of(**parts: object) -> list[str]:
    return [it.removeprefix("/organizations/0/filter") for it in pointers(into(sync(user_filter=UserFilter(**parts))))]


def test_sensible_settings_have_no_problem() -> None:
    filters = UserFilter(
        department=TextFilter(include=equal("Sales"), exclude=equal("Post")),
        domain=DomainFilter(include=["Contoso.example", "b\u00fccher.example"]),
        group=GroupFilter(include=[GROUP]),
    )

    assert pointers(into(sync(ACME, filters), sync(BRANCH))) == []
    assert pointers(into()) == []


def test_everything_that_is_wrong_is_named_at_once() -> None:
    settings = into(
        sync("org_other", department(" ")),
        sync(ACME),
        sync(ACME, at_domain("not a domain")),
        sync(BRANCH, in_group("sales", exclude=(GROUP, GROUP))),
    )

    assert pointers(settings) == [
        "/organizations/0/organization_id",
        "/organizations/1/filter",
        "/organizations/2/organization_id",
        "/organizations/0/filter/department/include/0/value",
        "/organizations/2/filter/domain/include/0",
        "/organizations/3/filter/group/include/0",
        "/organizations/3/filter/group/exclude/1",
    ]


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"user_types": []}, ["/user_types"]),
        ({"department": TextFilter(include=equal("a", " A "))}, ["/department/include/1"]),
        ({"office": TextFilter(include=equal("a"), exclude=equal("A"))}, ["/office/include/0"]),
        ({"office": TextFilter(exclude=equal("\u200b"))}, ["/office/exclude/0/value"]),
        ({"domain": DomainFilter(exclude=["a.example", "A.example"])}, ["/domain/exclude/1"]),
        ({"domain": DomainFilter(exclude=["@a.example"])}, ["/domain/exclude/0"]),
        ({"domain": DomainFilter(include=["\u00fc" * 80 + ".example"])}, ["/domain/include/0"]),
        ({"group": GroupFilter(include=[GROUP], exclude=[GROUP])}, ["/group/include/0"]),
        ({"group": GroupFilter(exclude=[GROUP.upper()])}, ["/group/exclude/0"]),
        ({"department": TextFilter(include=equal(*map(str, range(MOST_VALUES + 1))))}, ["/department/include"]),
        ({"department": TextFilter(include=equal(*map(str, range(MOST_VALUES))))}, []),
    ],
)
def test_each_problem_has_its_place(parts, expected) -> None:
    assert pointers_of(**parts) == expected


def test_only_so_many_organizations_can_be_listed() -> None:
    ids = [f"org_{it}" for it in range(MOST_ORGANIZATIONS + 1)]
    settings = into(*(sync(it, department("Sales")) for it in ids))

    assert [it.pointer for it in problems_of(settings, ids)] == ["/organizations"]
    assert problems_of(into(*settings.organizations[1:]), ids) == []


def test_settings_read_as_they_are_written() -> None:
    settings = into(sync(ACME, department("Sales")), authority={SyncedField.PHONE: Authority.FILL_BLANK})

    assert msgspec.json.decode(msgspec.json.encode(settings), type=UserSyncSettings) == settings
    with pytest.raises(msgspec.ValidationError, match="departments"):
        msgspec.json.decode(
            b'{"organizations":[{"organization_id":"o","filter":{"departments":{}}}]}', type=UserSyncSettings
        )
