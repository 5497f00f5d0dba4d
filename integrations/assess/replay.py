"""Answers requests to Microsoft Graph from a recording. What was not recorded is an error of its own, never empty."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote_plus, urlsplit

import msgspec

from shared.formats.json_text import UnreadableJson, parse_json
from shared.http.client import HttpClient, Response

_NEXT, _DELTA = "@odata.nextLink", "@odata.deltaLink"
_VERSIONS = ("/v1.0/", "/beta/")
_OK, _LOOP = 200, 508
_UNAVAILABLE = 503  # of what was not recorded: readers do not try again what may pass, and take a 404 for an answer
_CODES = {
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    429: "TooManyRequests",
}
_FROM_NOW_ON = "deltatoken=latest"
_OWNERS = "registeredOwners"
# Properties of a user that Microsoft sends only to those who name them. A list of users that nobody has them in was
# recorded without them; read as it is, it would say that nobody ever signed in.
_ONLY_IF_NAMED = ("signInActivity", "perUserMfaState")
# A list of policies holds those of one group only if it has any: each group has some.
_OF_GROUP = re.compile(r"scopeId eq '([^'/]+)'")


class _Recorded(NamedTuple):
    status: int
    body: msgspec.Raw


class _IncompleteList(Exception):
    """A list cannot be put together: one of its parts is an error."""

    def __init__(self, reason: _Recorded) -> None:
        super().__init__()
        self.reason = reason


class ReplayClient(HttpClient):
    """Sends nothing: it finds each answer by its path with options, or else by its path alone.

    Changes are replayed as "from now on there are none"; a list of groups with the members of each stands for their
    changes since the beginning, and the owners of each device for a list of devices with their owners.
    ``missing`` lists the addresses that were asked for and not recorded.
    """

    def __init__(self, root: str, answers: Mapping[str, msgspec.Raw], statuses: Mapping[str, int]) -> None:
        super().__init__()
        self.missing: list[str] = []
        self._root = root
        self._answers = {_key(address_of(path)): body for path, body in answers.items()}
        self._statuses = {_key(address_of(path)): status for path, status in statuses.items()}
        self._linked: set[str] = set()  # further pages, for which the first one must not be taken
        self._owned: set[str] = set()  # further pages of devices with their owners

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
        """The recorded answer; an address with another host is the same."""
        address = address_of(url)
        if address.endswith("/$batch") and method == "POST":
            return Response(_OK, {}, self._batch(address.removesuffix("/$batch"), body or b"{}"))
        answer = self._answer(address)
        return Response(answer.status, {}, bytes(answer.body))

    def _batch(self, version: str, body: bytes) -> bytes:
        parts = [
            (it["id"], self._answer(address_of(version + it["url"]))) for it in msgspec.json.decode(body)["requests"]
        ]
        responses = [{"id": key, "status": it.status, "headers": {}, "body": it.body} for key, it in parts]
        return msgspec.json.encode({"responses": responses})

    def _answer(self, address: str) -> _Recorded:
        try:
            found = self._recorded(address) or self._changes(address)
        except _IncompleteList as incomplete:
            return incomplete.reason
        if found is None:
            self.missing.append(address)
            return _Recorded(_UNAVAILABLE, _error("NotRecorded"))
        return found

    def _recorded(self, address: str) -> _Recorded | None:
        """What was recorded for the address, or else for its path."""
        path, _, options = address.partition("?")
        found = self._at(address)
        if found is None and options and _key(address) not in self._linked:
            found = self._at(path) if self._has_named(path, options) else None
        if found is None or found.status != _OK:
            return found
        has_owners = f"$expand={_OWNERS}" in options or _key(address) in self._owned
        body = self._with_owners(path, found.body) if has_owners else found.body
        return _Recorded(_OK, self._with_own_link(body, has_owners=has_owners))

    def _at(self, address: str) -> _Recorded | None:
        key = _key(address)
        status, body = self._statuses.get(key, _OK), self._answers.get(key)
        if status != _OK:
            return _Recorded(status, body or _error(_CODES.get(status, "Refused")))
        return _Recorded(_OK, body) if body is not None else None

    def _has_named(self, path: str, options: str) -> bool:
        """Whether the answer of the path alone has what the options name besides."""
        if any(name in options and not self._has(path, name) for name in _ONLY_IF_NAMED):
            return False
        group = _OF_GROUP.search(options)
        return group is None or any(it.get("scopeId") == group[1] for it in self._items(path))

    def _has(self, path: str, name: str) -> bool:
        """Whether the list is empty, or an item of it has the property."""
        if self._at(path) is None:
            return True  # nothing was recorded at all
        items = list(self._items(path))
        return not items or any(name in it for it in items)

    def _with_owners(self, path: str, body: msgspec.Raw) -> msgspec.Raw:
        page = _object(body)
        if not isinstance(page.get("value"), list):
            return body
        devices = [
            it if not isinstance(it, dict) or _OWNERS in it else self._with_owner(path, it) for it in page["value"]
        ]
        return _raw({**page, "value": devices})

    def _with_owner(self, path: str, device: dict[str, Any]) -> dict[str, Any]:
        return {**device, _OWNERS: list(self._items(_below(path, device, _OWNERS)))}

    def _changes(self, address: str) -> _Recorded | None:
        """The first answer to a request for changes; None if it is another request."""
        path, _, options = address.partition("?")
        listed = path.removesuffix("/delta")
        if listed == path or _key(address) in self._linked:
            return None
        is_empty = _FROM_NOW_ON in options or not listed.endswith("/groups")
        items = [] if is_empty else [self._with_members(listed, it) for it in self._items(listed)]
        return _Recorded(_OK, _raw({"value": items, _DELTA: f"{self._root}{path}?$deltatoken=recorded"}))

    def _with_members(self, path: str, group: dict[str, Any]) -> dict[str, Any]:
        return {**group, "members@delta": list(self._items(_below(path, group, "members")))}

    def _items(self, address: str) -> Iterator[dict[str, Any]]:
        """The items of a list, on all of its pages.

        Raises:
            _IncompleteList: one of them is an error, or was not recorded.
        """
        seen: set[str] = set()
        while address:
            if address in seen:
                raise _IncompleteList(_Recorded(_LOOP, _error("LoopDetected")))
            seen.add(address)
            answer = self._answer(address)
            page = _object(answer.body)
            if answer.status != _OK or not isinstance(page.get("value"), list):
                raise _IncompleteList(answer)
            yield from (it for it in page["value"] if isinstance(it, dict))
            address = address_of(page[_NEXT]) if isinstance(page.get(_NEXT), str) else ""

    def _with_own_link(self, body: msgspec.Raw, *, has_owners: bool) -> msgspec.Raw:
        """The answer with its link to the next page leading to this Graph, wherever it was recorded."""
        if _NEXT.encode() not in bytes(body):
            return body
        try:
            page = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
            link = msgspec.json.decode(page[_NEXT], type=str)
        except (msgspec.MsgspecError, UnicodeDecodeError, KeyError):
            return body
        key = _key(address_of(link))
        self._linked.add(key)
        if has_owners:
            self._owned.add(key)
        parts = urlsplit(link)
        here = f"{self._root}{_versioned(parts.path)}" + (f"?{parts.query}" if parts.query else "")
        return _raw({**page, _NEXT: here})


def address_of(url: str) -> str:
    """Version, path and options of a request, without host and escapes; without a version it is v1.0."""
    parts = urlsplit(url)
    path = unquote_plus(_versioned(parts.path))
    return f"{path}?{unquote_plus(parts.query)}" if parts.query else path


def _key(address: str) -> str:
    """By what an address is found: Graph's paths are the same in upper and lower case, values of options are not."""
    path, mark, options = address.partition("?")
    return f"{path.lower()}{mark}{options}"


def _versioned(path: str) -> str:
    path = f"/{path.lstrip('/')}"
    return path if path.startswith(_VERSIONS) else f"/v1.0{path}"


def _below(path: str, item: Mapping[str, Any], name: str) -> str:
    return f"{path}/{item.get('id')}/{name}"


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
