"""Answers requests to Microsoft Graph from a recording. What was not recorded is an error of its own, never empty."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from shared.formats.json_text import UnreadableJson, parse_json
from shared.http.client import HttpClient, Response

NOT_RECORDED = "NotRecorded"  # the error code of what the recording does not hold
_NEXT, _DELTA = "@odata.nextLink", "@odata.deltaLink"
_VERSIONS = ("/v1.0/", "/beta/")
_OK, _NOT_FOUND = 200, 404
_DENIED = {401: "InvalidAuthenticationToken", 403: "Authorization_RequestDenied", 404: "Request_ResourceNotFound"}


class ReplayClient(HttpClient):
    """Sends nothing: it finds each answer by its path with options, or else by its path alone.

    Changes are replayed as "from now on there are none"; a list of groups with the members of each stands for their
    changes since the beginning.
    """

    def __init__(self, root: str, answers: Mapping[str, msgspec.Raw], statuses: Mapping[str, int]) -> None:
        super().__init__()
        self._root = root
        self._answers = {_address(path): body for path, body in answers.items()}
        self._statuses = {_address(path): status for path, status in statuses.items()}

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,  # noqa: ARG002 - those of an HTTP client
        body: bytes | None = None,
        within_s: float = 60.0,  # noqa: ARG002
        read_s: float | None = None,  # noqa: ARG002
    ) -> Response:
        address = _address(url)
        if address.endswith("/$batch") and method == "POST":
            return Response(_OK, {}, self._batch(address.removesuffix("/$batch"), body or b"{}"))
        status, answer = self._answer(address)
        return Response(status, {}, bytes(answer))

    def _batch(self, version: str, body: bytes) -> bytes:
        parts = [
            (it["id"], *self._answer(_address(version + it["url"]))) for it in msgspec.json.decode(body)["requests"]
        ]
        responses = [{"id": key, "status": status, "headers": {}, "body": answer} for key, status, answer in parts]
        return msgspec.json.encode({"responses": responses})

    def _answer(self, address: str) -> tuple[int, msgspec.Raw]:
        path = address.partition("?")[0]
        status = self._statuses.get(address, self._statuses.get(path, _OK))
        found = self._answers.get(address, self._answers.get(path))
        if found is None and status == _OK:
            found = self._changes(path)
        if status != _OK:
            return status, found or _error(_DENIED.get(status, "Refused"))
        return (_OK, self._with_own_links(found)) if found is not None else (_NOT_FOUND, _error(NOT_RECORDED))

    def _changes(self, path: str) -> msgspec.Raw | None:
        """The first answer of a request for changes; None if its list was not recorded."""
        listed = path.removesuffix("/delta")
        if listed == path or listed not in self._answers:
            return None
        items = list(self._groups(listed)) if listed.endswith("/groups") else []
        if any(it is None for it in items):
            return None
        return _raw({"value": items, _DELTA: f"{self._root}{path}?$deltatoken=recorded"})

    def _groups(self, path: str) -> Iterator[dict[str, Any] | None]:
        """Each group with its members; None for one whose members were not recorded."""
        for group in self._all(path):
            members = self._all(f"{path}/{group.get('id')}/members".lower())
            yield {**group, "members@delta": list(members)} if self._is_recorded(path, group) else None

    def _is_recorded(self, path: str, group: dict[str, Any]) -> bool:
        return f"{path}/{group.get('id')}/members".lower() in self._answers

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        """The items of a collection, on all of its recorded pages."""
        seen: set[str] = set()
        while path in self._answers and path not in seen:
            seen.add(path)
            page = _object(self._answers[path])
            yield from (it for it in page.get("value") or [] if isinstance(it, dict))
            path = _address(str(page.get(_NEXT) or ""))

    def _with_own_links(self, body: msgspec.Raw) -> msgspec.Raw:
        """The answer with its link leading to this Graph, wherever it was recorded."""
        if _NEXT.encode() not in bytes(body):
            return body
        page = _object(body)
        link = page.get(_NEXT)
        if not isinstance(link, str):
            return body
        parts = urlsplit(link)
        return _raw(
            {**page, _NEXT: f"{self._root}{parts.path}?{parts.query}" if parts.query else self._root + parts.path}
        )


def _address(url: str) -> str:
    """Version, path and options of a request, without host and escapes, in lower case."""
    parts = urlsplit(url)
    address = unquote(parts.path + (f"?{parts.query}" if parts.query else ""))
    if not address.startswith(_VERSIONS):
        address = "/v1.0" + address
    return address.lower()


def _object(body: msgspec.Raw) -> dict[str, Any]:
    try:
        value = parse_json(bytes(body))
    except UnreadableJson:
        return {}
    return value if isinstance(value, dict) else {}


def _error(code: str) -> msgspec.Raw:
    return _raw({"error": {"code": code, "message": ""}})


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
