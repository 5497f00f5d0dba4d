"""Which service plans a tenant has, as far as its profile and its licences say."""

import pytest
from msgspec import UNSET, UnsetType

from integrations.domain.sync.plans import known_plans
from integrations.domain.sync.records import License, TenantProfile

SAID, SILENT = TenantProfile(name="Contoso", plans=["p1"]), TenantProfile(name="Contoso")


def sold(plans: list[str] | UnsetType) -> License:
    return License(
        sku_id="s", part_number="s", name="s", is_assignable=True, is_per_user=True, bought=1, assigned=0, plans=plans
    )


@pytest.mark.parametrize(
    ("profiles", "licenses", "expected"),
    [
        pytest.param([], None, None, id="nothing was read"),
        pytest.param([SILENT], None, None, id="a profile that does not say"),
        pytest.param([SAID], None, {"p1"}, id="a profile"),
        pytest.param([TenantProfile(name="Contoso", plans=[])], None, set(), id="a profile without plans"),
        pytest.param([SILENT], [], set(), id="no licences"),
        pytest.param([], [sold(["p2"])], {"p2"}, id="licences alone"),
        pytest.param([SAID], [sold(["p2"])], {"p1", "p2"}, id="both"),
        pytest.param([SILENT], [sold(["p2"]), sold(UNSET)], None, id="a licence that does not say"),
        pytest.param([SAID], [sold(UNSET)], {"p1"}, id="a profile is enough"),
    ],
)
def test_plans_are_known_where_something_says_all_of_them(
    profiles: list[TenantProfile], licenses: list[License] | None, expected: set[str] | None
) -> None:
    assert known_plans(profiles, licenses) == expected
