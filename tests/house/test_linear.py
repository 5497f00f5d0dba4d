"""Whatever comes from outside is read in one pass: eight times as much takes about eight times as long."""

import base64
import csv
import io
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.client import HTTPException
from typing import Any

import msgspec
import pytest

from integrations.caller import CallerVerifier
from integrations.domain.ids import flow_id, run_id, tenant_id
from integrations.domain.jobs.messages import read
from integrations.domain.jobs.orders import SyncOrder
from integrations.domain.people.changes import read_position
from integrations.domain.people.fields import address, checked
from integrations.domain.sync.change_notifications import parse_client_state
from integrations.domain.text import clean, key_from
from integrations.microsoft.fillers import identifier, ids_for_paths
from integrations.views.cursors import read_cursor
from local.host.http.pipeline import query_of
from local.host.http.route_constraints import constraint
from local.host.http.routes import decoded
from shared.crypto.tokens import KeySet, unverified_claims
from shared.errors import AppError
from shared.formats.csv_text import csv_text, prefers_csv
from shared.http.client import HttpClient
from shared.http.response_head import read_head
from shared.http.responses import read_json
from shared.microsoft.graph.challenge import claims_of
from shared.microsoft.graph.links import relative
from shared.microsoft.graph.responses import Page, decode, error_of_response, retry_after_s, units_of
from shared.microsoft.sign_in.refusals import refusal_from_redirect, refusal_from_response
from tests.growth import LARGE, MOST, SHAPES, SMALL, growth


class Item(msgspec.Struct):
    name: str = ""
    value: list[str] = []


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    name: str


def head(text: str) -> io.BytesIO:
    return io.BytesIO(b"HTTP/1.1 200 OK\r\nconnection: " + text.encode() + b"\r\n\r\n")


# Nothing below holds a key's id, so no key is ever looked for.
NOBODY = CallerVerifier(issuer="", audience="", keys=KeySet("", HttpClient()))


def _payload(text: str) -> str:
    encoded = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{encoded}.AA"


READERS: dict[str, Callable[[str], Any]] = {
    "a request's body": lambda text: read_json(text.encode(), "application/json", Strict),
    "a request's content type": lambda text: read_json(b"{}", text, Strict),
    "an Accept header": prefers_csv,
    "an Authorization header": lambda text: NOBODY.caller(f"Bearer {text}"),
    "a token's payload": lambda text: unverified_claims(_payload(text)),
    "a tenant id": tenant_id,
    "a flow id": flow_id,
    "a run id": run_id,
    "a client state": parse_client_state,
    "a name": clean,
    "a mail address": address,
    "an End User's texts": lambda text: checked({"notes": text, "external_id": text, "phone": text}),
    "a position in a feed": read_position,
    "a name to be a key": key_from,
    "a cell": lambda text: csv_text(["a"], [[text]]),
    "an answer's page": lambda text: decode(text.encode(), Page[Item]),
    "an answer's object": lambda text: decode(text.encode(), Item),
    "an error's body": lambda text: error_of_response(400, {}, text.encode()),
    "an error nested in itself": lambda text: error_of_response(400, {}, b'{"error":' + text.encode() + b"}"),
    "a challenge": lambda text: claims_of({"www-authenticate": "insufficient_claims " + text}),
    "Retry-After": retry_after_s,
    "resource units": lambda text: units_of({"x-ms-resource-unit": text}),
    "a page's cursor": partial(read_cursor, key=tuple[str, str]),
    "a link": lambda text: relative("https://graph.microsoft.com/v1.0/" + text, "https://graph.microsoft.com"),
    "the head of an answer": lambda text: read_head(head(text), "GET"),
    "many heads of an answer": lambda text: read_head(head(text.replace(" ", "\r\n")), "GET"),
    "the first line of an answer": lambda text: read_head(io.BytesIO(text.encode() + b"\r\n\r\n"), "GET"),
    "a refusal that a browser brought": lambda text: refusal_from_redirect(
        {"error": text, "error_description": text, "error_uri": text}
    ),
    "an id of Microsoft's": identifier,
    "ids to be asked for": lambda text: ids_for_paths(text.split(",")),
    "a queue message": lambda text: read(text.encode(), SyncOrder, None),
    "an OAuth error": lambda text: refusal_from_response(
        {"error": text, "suberror": text, "error_codes": [1] * (len(text) // 8)}
    ),
    "the local host's query": lambda text: query_of("/api/x?" + text),
    "the local host's path": decoded,
    "the local host's float": constraint("float", None),
    "the local host's decimal": constraint("decimal", None),
    "the local host's int": constraint("int", None),
}


@pytest.mark.parametrize("name", READERS)
def test_what_comes_from_outside_is_read_in_one_pass(name: str) -> None:
    read = READERS[name]

    slow = {}
    for shape, made in SHAPES.items():
        texts = {size: made(size) for size in (SMALL, LARGE)}

        def work(size: int, texts: dict[int, str] = texts) -> None:
            with suppress(AppError, ValueError, csv.Error, HTTPException):
                read(texts[size])

        if (grown := growth(work)) > MOST:
            slow[shape] = grown

    assert slow == {}
