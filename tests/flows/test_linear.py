"""No route takes more than its share of CPU for the worst that it can be sent, with a token and without."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import quote

import pytest

from integrations.triggers import collect_routes
from integrations.triggers.http.routes import HttpRoute, Need
from tests.exhaustive import IS_FULL, exhaustive
from tests.flows.portal import Portal
from tests.flows.routes import ABSENT
from tests.growth import LARGE, MOST, SHAPES, SMALL, growth

ALL = collect_routes(lambda: None).all  # type: ignore[arg-type, return-value]
CALLBACK = "consent_callback"
KNOWN = {**ABSENT, "kind": "single", "path": "index.html"}
HEADERS = ("authorization", "if-none-match", "idempotency-key", "accept", "content-type", "traceparent", "origin")
# Where a text is only looked at by what all routes share, some of the shapes are enough.
A_FEW = (
    "escaped quotes, not closed", "brackets", "digits and a letter", "white space and a letter", "keys", "commas",
    "percent signs", "letters and dots", "combining marks",
)  # fmt: skip

_OTHERS = 4  # every day each route gets one shape in so many, and each shape is sent to one route in so many
_SOME = 3  # every day one route in so many is tried with all its parameters, the others with one of their query


def place_of(route: HttpRoute, **told: str) -> str:
    """The address of a route, with ids that nobody has but for those that are told."""
    return "/api/" + re.sub(r"{\*?(\w+)(?::\w+)?}", lambda found: {**KNOWN, **told}[found[1]], route.path)


def reads_a_body(route: HttpRoute, *, is_known: bool) -> bool:
    is_read = route.body is not None or route.name == CALLBACK
    return is_read and (is_known or route.needs is Need.NOTHING)


def slow(portal: Portal, cases: Iterator[tuple[str, Callable[[int], object]]]) -> dict[str, float]:
    return {name: found for name, work in cases if (found := growth(work, time.process_time)) > MOST}


def call(
    portal: Portal, route: HttpRoute, path: str, *, is_known: bool = True, body: bytes = b"", **headers: str
) -> object:
    told = {"content-type": "application/x-www-form-urlencoded" if route.name == CALLBACK else "application/json"}
    if is_known:
        told["authorization"] = f"Bearer {portal.identity.token('bob')}"
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    return portal.host.call_http(route.methods[-1], path, headers=told, body=body)


@pytest.mark.parametrize("is_known", [True, False], ids=["with a token", "without"])
def test_the_worst_body_costs_every_route_in_proportion_to_its_size(portal: Portal, is_known: bool) -> None:
    def cases() -> Iterator[tuple[str, Callable[[int], object]]]:
        for number, route in enumerate(ALL):
            every_day = [shape for place, shape in enumerate(SHAPES) if IS_FULL or (place + number) % _OTHERS == 0]
            for shape in every_day if reads_a_body(route, is_known=is_known) else A_FEW[:1]:
                bodies = {size: sent(SHAPES[shape](size)) for size in (SMALL, LARGE)}
                path = place_of(route)
                yield (
                    f"{route.name}: {shape}",
                    lambda size, route=route, path=path, bodies=bodies: call(  # type: ignore[misc]
                        portal, route, path, is_known=is_known, body=bodies[size]
                    ),
                )

    assert slow(portal, cases()) == {}


@pytest.mark.parametrize("place", ["path", "query"])
@pytest.mark.parametrize(
    "shape", ["percent signs", *exhaustive("combining marks", "digits and a letter", "letters and dots")]
)
def test_the_worst_address_costs_every_route_in_proportion_to_its_size(portal: Portal, shape: str, place: str) -> None:
    texts = {size: quote(sent(SHAPES[shape](size)), safe="") for size in (SMALL, LARGE)}

    def cases() -> Iterator[tuple[str, Callable[[int], object]]]:
        for number, route in enumerate(ALL):
            names = re.findall(r"{\*?(\w+)", route.path) if place == "path" else [it.name for it in route.query]
            for name in names if IS_FULL or number % _SOME == 0 else names[: place == "query"]:
                paths = {
                    size: place_of(route, **{name: text}) if place == "path" else f"{place_of(route)}?{name}={text}"
                    for size, text in texts.items()
                }
                yield f"{route.name}: {name}", at(portal, route, paths)

    assert slow(portal, cases()) == {}


@pytest.mark.parametrize("name", HEADERS)
def test_the_worst_header_costs_in_proportion_to_its_size(portal: Portal, name: str) -> None:
    routes = [it for it in ALL if it.name in {"get_audit", "get_page", "delete_integrations", "post_notifications"}]
    assert len(routes) == 4

    def cases() -> Iterator[tuple[str, Callable[[int], object]]]:
        for route in routes:
            for shape in A_FEW:
                texts, path = {size: SHAPES[shape](size) for size in (SMALL, LARGE)}, place_of(route)
                yield (
                    f"{route.name}: {shape}",
                    lambda size, route=route, path=path, texts=texts: call(  # type: ignore[misc]
                        portal, route, path, body=b"{}", **{name: texts[size]}
                    ),
                )

    assert slow(portal, cases()) == {}


def at(portal: Portal, route: HttpRoute, paths: Mapping[int, str]) -> Callable[[int], object]:
    return lambda size: call(portal, route, paths[size])


def sent(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
