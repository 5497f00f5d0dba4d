"""Which seats nobody needs: each counts once, in the first class that holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.domain.licenses.waste import Waste, waste_of
from integrations.domain.sync.records import License, SignIns, User

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
PREMIUM, STANDARD = "premium", "standard"


def product(sku_id: str, *plans: str, bought: int = 10, assigned: int = 10, **more: Any) -> License:
    about = {"part_number": sku_id, "name": sku_id, "is_assignable": True, "is_per_user": True, **more}
    return License(sku_id=sku_id, bought=bought, assigned=assigned, plans=list(plans), **about)


def person(*license_ids: str, days_old: int | None = 400, **more: Any) -> User:
    created_at = None if days_old is None else NOW - timedelta(days=days_old)
    whole = {
        "id": "ada",
        "name": "Ada",
        "username": "ada@contoso.example",
        "is_enabled": True,
        "created_at": created_at,
    }
    return User(**{**whole, **more}, license_ids=list(license_ids))


def seen(days_ago: float | None, *, how: str = "last_at") -> SignIns:
    return SignIns(user_id="ada", **({} if days_ago is None else {how: NOW - timedelta(days=days_ago)}))


def wasted(user: User, sign_ins: SignIns | None, *licenses: License) -> dict[str, Waste]:
    found = waste_of(licenses, [user], {} if sign_ins is None else {"ada": sign_ins}, NOW)
    return {key: it for key, it in found.items() if it != Waste()}


@pytest.mark.parametrize(
    ("user", "sign_ins", "expected"),
    [
        pytest.param(person(PREMIUM), seen(1), {}, id="somebody who signs in"),
        pytest.param(person(PREMIUM, is_enabled=False), seen(1), {"disabled": 1}, id="a disabled account"),
        pytest.param(person(PREMIUM, is_enabled=None), seen(1), {}, id="Microsoft does not say whether it is enabled"),
        pytest.param(person(PREMIUM), seen(90), {}, id="90 days ago"),
        pytest.param(person(PREMIUM), seen(90.1), {"inactive": 1}, id="more than 90 days ago"),
        pytest.param(person(PREMIUM), seen(3, how="last_background_at"), {}, id="in the background only"),
        pytest.param(person(PREMIUM), seen(3, how="last_success_at"), {}, id="successfully, at least"),
        pytest.param(person(PREMIUM), seen(None), {"never_signed_in": 1}, id="never"),
        pytest.param(person(PREMIUM, days_old=30), seen(None), {}, id="never, in a new account"),
        pytest.param(person(PREMIUM, days_old=None), seen(None), {"unknown": 1}, id="never, and of unknown age"),
        pytest.param(person(PREMIUM), None, {"unknown": 1}, id="not known"),
        pytest.param(person("another"), None, {}, id="a product that was not bought"),
    ],
)
def test_a_seat_is_wasted_by_who_has_it(user: User, sign_ins: SignIns | None, expected: dict[str, int]) -> None:
    assert wasted(user, sign_ins, product(PREMIUM, "mail")) == ({PREMIUM: Waste(**expected)} if expected else {})


@pytest.mark.parametrize(
    ("standard", "premium", "covered"),
    [
        (["mail"], ["mail", "intune"], [STANDARD]),
        (["mail", "teams"], ["mail", "intune"], []),
        (["mail"], ["mail"], [STANDARD]),
        ([], ["mail"], []),
    ],
)
def test_a_product_is_covered_twice_where_another_one_has_everything_in_it(
    standard: list[str], premium: list[str], covered: list[str]
) -> None:
    both = product(STANDARD, *standard), product(PREMIUM, *premium)

    assert wasted(person(STANDARD, PREMIUM), seen(1), *both) == {it: Waste(covered_twice=1) for it in covered}


def test_a_seat_counts_in_the_first_class_that_holds() -> None:
    both = product(STANDARD, "mail"), product(PREMIUM, "mail", "intune")
    user = person(STANDARD, PREMIUM)

    assert wasted(user, seen(200), *both) == {STANDARD: Waste(inactive=1), PREMIUM: Waste(inactive=1)}
    assert wasted(user, None, *both) == {STANDARD: Waste(covered_twice=1), PREMIUM: Waste(unknown=1)}


def test_free_products_and_those_of_the_tenant_have_no_waste() -> None:
    free = product("flow", bought=10_000, is_unlimited=True)
    company = product("storage", bought=5, assigned=0, is_per_user=False)

    assert waste_of([free, company], [person("flow")], {}, NOW) == {}


def test_seats_that_are_not_assigned_are_free_and_more_than_were_bought_are_none() -> None:
    found = waste_of([product(PREMIUM, bought=25, assigned=23), product(STANDARD, bought=5, assigned=6)], [], {}, NOW)

    assert (found[PREMIUM], found[STANDARD]) == (Waste(free=2), Waste())
