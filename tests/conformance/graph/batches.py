"""Judges the envelope of $batch, which Microsoft's description leaves out, and takes it apart into its parts."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.mismatch import Mismatch
from tests.conformance.graph.rules import CONDITIONAL_ACCESS, MOST_PARTS

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_PART = frozenset({"id", "method", "url", "headers", "body", "dependsOn"})
_REPLY = frozenset({"id", "status", "headers", "body"})
_FAILED_DEPENDENCY = 424


def parts_of(exchange: Exchange, root: str) -> Iterator[Exchange]:
    """Each part as an exchange of its own; a part without an answer counts as answered by nothing."""
    replies = {str(reply.get("id")).lower(): reply for reply in _list(exchange.answer, "responses")}
    for part in _list(exchange.question, "requests"):
        reply = replies.get(str(part.get("id")).lower(), {})
        yield Exchange(
            method=str(part.get("method", "")).upper(),
            url=f"{root}/{str(part.get('url', '')).lstrip('/')}",
            status=reply["status"] if isinstance(reply.get("status"), int) else 0,
            asked=_lower(part.get("headers")),
            told=_lower(reply.get("headers")),
            sent=_encoded(part.get("body")),
            received=_encoded(reply.get("body")),
            granted=exchange.granted,
        )


def batch_request_faults(exchange: Exchange) -> Iterator[Mismatch]:
    """Everything that is wrong with the envelope that was sent."""
    parts = _list(exchange.question, "requests")
    if exchange.method != "POST" or not parts:
        yield Mismatch("batch", "a batch is a POST of {requests: [...]}")
        return
    if len(parts) > MOST_PARTS:
        yield Mismatch("batch", f"{len(parts)} parts; {MOST_PARTS} is the most")
    ids = [part.get("id") for part in parts]
    if not all(isinstance(name, str) and name for name in ids):
        yield Mismatch("batch", "the id of a part is a string")
    if len({str(name).lower() for name in ids}) < len(ids):
        yield Mismatch("batch", "two parts have the same id")
    for part in parts:
        yield from _part(part)
    yield from _dependencies(parts)
    risky = [part for part in parts if f"/{str(part.get('url')).lstrip('/')}".lower().startswith(CONDITIONAL_ACCESS)]
    if risky and len(parts) > 1:
        yield Mismatch("batch", "reads of Conditional Access, one a second, do not go with others into a batch")


def batch_answer_faults(exchange: Exchange) -> Iterator[Mismatch]:
    """Everything that is wrong with the envelope that came back."""
    asked = sorted(str(part.get("id")) for part in _list(exchange.question, "requests"))
    replies = _list(exchange.answer, "responses")
    if exchange.status != 200:
        yield Mismatch("batch", f"a batch is answered by 200, not {exchange.status}")
    if sorted(str(reply.get("id")) for reply in replies) != asked:
        yield Mismatch("batch", "the answers are not one for each part")
    waits_on = {str(part.get("id")): part.get("dependsOn") for part in _list(exchange.question, "requests")}
    for reply in replies:
        name = str(reply.get("id"))
        if not isinstance(reply.get("status"), int):
            yield Mismatch("batch", f"part {name} has no status")
        for surplus in reply.keys() - _REPLY:
            yield Mismatch("batch", f"part {name} has a member {surplus!r}")
        if reply.get("status") == _FAILED_DEPENDENCY and not waits_on.get(name):
            yield Mismatch("batch", f"part {name} is a failed dependency, but depends on nothing")
        if isinstance(reply.get("body"), dict) and "content-type" not in _lower(reply.get("headers")):
            yield Mismatch("batch", f"part {name} has a body and no Content-Type")


def _part(part: dict[str, Any]) -> Iterator[Mismatch]:
    name, url = part.get("id"), part.get("url")
    for surplus in part.keys() - _PART:
        yield Mismatch("batch", f"part {name} has a member {surplus!r}")
    if part.get("method") not in _METHODS:
        yield Mismatch("batch", f"part {name} has the method {part.get('method')!r}")
    if not isinstance(url, str) or "://" in url.partition("?")[0] or url.startswith("/v1.0"):
        yield Mismatch("batch", f"the address of part {name} is not relative to the version: {url!r}")
    elif url.lstrip("/").lower().startswith("$batch"):
        yield Mismatch("batch", "a batch inside a batch")
    if "body" in part and "content-type" not in _lower(part.get("headers")):
        yield Mismatch("batch", f"part {name} has a body and no Content-Type")


def _dependencies(parts: list[dict[str, Any]]) -> Iterator[Mismatch]:
    """All parallel, or one after the other, or all after the same one."""
    waits = {str(part.get("id")): tuple(part.get("dependsOn") or ()) for part in parts}
    names = list(waits)
    for name, others in waits.items():
        for other in others:
            if other not in waits or other == name:
                yield Mismatch("batch", f"part {name} depends on {other!r}, which is no other part")
    waiting = {name: others for name, others in waits.items() if others}
    in_a_row = all(waits[after] == (before,) for before, after in pairwise(names))
    is_fan = len(set(waiting.values())) == 1 and len(waiting) == len(parts) - 1 and len(min(waiting.values())) == 1
    if waiting and not (in_a_row or is_fan):
        yield Mismatch("batch", "parts run in parallel, in a row, or all after the same one; this is none of these")


def _list(body: Any, name: str) -> list[dict[str, Any]]:
    found = body.get(name) if isinstance(body, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _lower(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}


def _encoded(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()
