"""Every field of what Entra answers to a token request, odd in every way: never a wrong Auth Error, and it heals."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from tests.faults.lab.odd_course import begin_csp, begin_sync
from tests.faults.lab.report import Budget, tell
from tests.flows.portal import Portal

GRANTED = (
    "access_token",
    "token_type",
    "expires_in",
    "ext_expires_in",
    "refresh_token",
    "id_token",
    "client_info",
    "scope",
)
REFUSED = ("error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "suberror", "claims")
ODD: tuple[tuple[str, Any], ...] = (
    ("drop", None), ("put", None), ("put", 7), ("put", ["odd"]), ("put", {"odd": 1}), ("surrogate", None),
)  # fmt: skip
UNAVAILABLE = 90033


def _each(world: Any, names: tuple[str, ...], step: Callable[[str], None]) -> int:
    tried, budget = 0, Budget.of("odd tokens", parts=3)
    for name, (how, value) in budget.of_cases("odd tokens", product(names, ODD)):
        number = world.garble(how, name, value=value, host="login", path="/token$")
        step(f"{how} {value!r} at {name}")
        tried += bool(world.garbled()[number])
        world.ungarble()
    return tried


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("names", [GRANTED, REFUSED])
def test_odd_tokens_of_a_tenant_are_no_auth_error(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    course, breaks = begin_sync(portal, monkeypatch), []
    world = portal.microsoft.world
    if names is REFUSED:
        world.refuse_tokens(UNAVAILABLE)

    def step(odd: str) -> None:
        portal.services.sign_in.forget(course.tenant["id"])
        status = course.read()
        if status["label"] not in {"Success", "Pending"}:
            breaks.append(f"{odd}: {status['label']} {status['cause']} {status['evidence']}")
        breaks.extend(f"{odd}: {it}" for it in course.errors.take())

    tried = _each(world, names, step)
    world.accept_tokens()
    portal.services.sign_in.forget(course.tenant["id"])
    tell(f"odd token answers to a tenant's sync: {tried} shown, {len(breaks)} broke")

    assert not breaks, "\n".join(breaks)
    assert tried
    assert course.read()["label"] == "Success"
    assert all(course.differing(course.rows(), dataset)[1] == 0 for dataset in ("users", "devices", "groups"))


@pytest.mark.timeout(3600)
def test_odd_tokens_of_a_csp_do_not_end_its_sign_in(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    course, breaks = begin_csp(portal, monkeypatch), []

    def step(odd: str) -> None:
        course.csp.later(minutes=34)
        status = course.csp.row()["sync_status"]
        if status["label"] == "Auth Failed":
            breaks.append(f"{odd}: {status['reason']} {status['evidence']}")
        breaks.extend(f"{odd}: {it}" for it in course.errors.take())

    tried = _each(course.csp.world, GRANTED, step)
    course.csp.later(minutes=34)
    course.csp.later(minutes=34)
    tell(f"odd token answers to a CSP's check: {tried} shown, {len(breaks)} broke")

    assert not breaks, "\n".join(breaks)
    assert course.csp.status() == "Success"
