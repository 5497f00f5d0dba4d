"""Odd answers to every request that the product sends: found by listening to it, tried several at once, one a request.

Each request's answer is known with the form it is decoded into, so every field of it has its odd values (``forms``).
"""

import json
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from msgspec import inspect

from integrations.microsoft.registry import DATASETS
from shared.http.client import HttpClient, Response
from tests.faults.lab.forms import BOM, Oddity, oddities
from tests.flows.portal import Portal

_GUID = re.compile(r"[0-9a-f]{8}\\-[0-9a-f]{4}\\-[0-9a-f]{4}\\-[0-9a-f]{4}\\-[0-9a-f]{12}")
_IDENTITIES = frozenset({"id", "skuId", "tenantId", "name", "roleTemplateId"})
_HOLDERS = "userType,mail,assignedLicenses"  # whose mailboxes are asked about
_FIRST_PAGE = "^(?!.*skiptoken)"
_OURS = frozenset({"@odd", "@lost"})  # what pages count themselves
_HOW = {"null": "put", "wrong type": "put", "filler date": "put", "lone surrogate": "put", "repeat": "repeat"}


@dataclass(frozen=True)
class Seen:
    """A request of the product's, with the form its answer is decoded into."""

    method: str
    path: str
    form: Any
    host: str
    dataset: str = ""


@dataclass(frozen=True)
class Place:
    """One oddity in the answers to one request."""

    seen: Seen
    oddity: Oddity

    @property
    def is_identity(self) -> bool:
        return self.oddity.kind == "lone surrogate" and len(self.oddity.at) <= 3 and self.oddity.at[-1] in _IDENTITIES

    @property
    def name(self) -> str:
        at = ".".join(str(it) for it in self.oddity.at)
        path = self.seen.path.removeprefix(_FIRST_PAGE).partition(r"\?")[0].removesuffix("($|")
        return f"{self.oddity.kind} {self.oddity.value!r} at {at} of {self.seen.method} {path}"


class Listener(HttpClient):
    """Hears what the product asks and is answered; the forms of answers are told to it by ``decoded``."""

    def __init__(
        self, http_client: HttpClient, hosts: Mapping[str, str]
    ) -> None:  # the connections are the other one's
        self._http_client = http_client
        self._hosts = hosts
        self._answers: dict[bytes, tuple[Seen, bytes]] = {}
        self.heard: dict[Seen, Any] = {}
        self.is_open = True  # until answers begin to be odd: then there is nothing to learn from them
        self.requests: set[tuple[str, str, str]] = set()

    def send(self, method: str, url: str, **more: Any) -> Response:
        answer = self._http_client.send(method, url, **more)
        if not self.is_open:
            return answer
        host = self._hosts.get(urlsplit(url).netloc, "")
        asked = [(method, url, answer.body)]
        if url.endswith("/$batch") and answer.status == 200:
            asked += _parts(more.get("body") or b"", answer.body)
        for verb, address, body in asked:
            seen = Seen(verb, pattern_of(address), None, host, _dataset(address))
            self.requests.add((host, verb, seen.path))
            self._answers[bytes(body)] = (seen, bytes(body))
        return answer

    def decoded(self, body: bytes, form: Any) -> None:
        if not self.is_open or body not in self._answers or not body:
            return
        seen, raw = self._answers[body]
        told, known = json.loads(raw.removeprefix(BOM)), Seen(seen.method, seen.path, form, seen.host, seen.dataset)
        if len(raw) > len(json.dumps(self.heard.get(known, ""))):
            self.heard[known] = told

    def places(self, *, each: bool = False) -> list[Place]:
        """Every oddity; of wrong types one a field, or with ``each`` every one."""
        found: list[Place] = []
        fields: set[Any] = set()
        for seen, told in sorted(self.heard.items(), key=lambda it: (it[0].path, str(it[0].form))):
            for oddity in oddities(inspect.type_info(seen.form), told):
                if oddity.at[-1] in _OURS:
                    continue
                key = (seen, oddity.at, oddity.kind)
                if each or oddity.kind != "wrong type" or key not in fields:
                    found.append(Place(seen, oddity))
                fields.add(key)
        return found


def listen(portal: Portal, monkeypatch: Any) -> Listener:
    """Hear everything from now on."""
    microsoft = portal.microsoft
    hosts = {
        urlsplit(url).netloc: name
        for name, url in (
            ("graph", microsoft.graph_url), ("login", microsoft.login_url), ("partner", microsoft.partner_url),
        )
    }  # fmt: skip
    listener = Listener(portal.services.http_client, hosts)
    object.__setattr__(portal.services, "http_client", listener)
    from shared.microsoft.graph import responses  # noqa: PLC0415 - whose reading is listened to

    decode = responses.decode_tolerant

    def heard(body: bytes, form: Any) -> Any:
        listener.decoded(body, form)
        return decode(body, form)

    monkeypatch.setattr(responses, "decode_tolerant", heard)
    return listener


def pattern_of(url: str) -> str:
    """Requests like this one, of whichever tenant and thing, with the same choice of fields."""
    split = urlsplit(url)
    path = _GUID.sub("[0-9a-f-]{36}", re.escape(unquote(split.path)))
    select = dict(parse_qsl(split.query)).get("$select")
    return rf"{_FIRST_PAGE}{path}\?.*{re.escape(f'$select={select}')}($|&)" if select else rf"{_FIRST_PAGE}{path}($|\?)"


def _dataset(url: str) -> str:
    """The data set that asks this; empty for what is no data set's."""
    path, query = urlsplit(url).path.removeprefix("/v1.0"), unquote(urlsplit(url).query)
    by_query = {
        "/users": {"signInActivity": "sign_ins", "perUserMfaState": "per_user_mfa", _HOLDERS: "mailbox_purposes"},
        "/users/delta": {_HOLDERS: "mailbox_purposes"},
        "/groups": {"isAssignableToRole eq": "group_role_policies"},
        "/policies/roleManagementPolicyAssignments": {"'Group'": "group_role_policies"},
    }
    for part, dataset in by_query.get(path, {}).items():
        if part in query:
            return dataset
    if path.startswith("/policies/crossTenantAccessPolicy"):
        return "cross_tenant_access"
    if path.endswith("/mailboxSettings/userPurpose"):
        return "mailbox_purposes"
    if re.search(r"/managedDevices/[^/]+/users$", path):
        return "device_users"
    firsts = {
        it.name: urlsplit(it.first_request.path).path.removesuffix("/delta") for it in DATASETS if it.first_request
    }
    return next((name for name, it in firsts.items() if path == it or path.startswith(f"{it}/")), "")


def _parts(asked: bytes, answered: bytes) -> Iterator[tuple[str, str, bytes]]:
    class Part(msgspec.Struct):
        id: str
        body: msgspec.Raw = msgspec.Raw(b"")

    class Parts(msgspec.Struct):
        responses: list[Part]

    asks = {it["id"]: (it["method"], f"/v1.0{it['url']}") for it in json.loads(asked)["requests"]}
    for part in msgspec.json.decode(answered, type=Parts).responses:
        yield *asks[part.id], bytes(part.body)


def rounds(places: Iterable[Place]) -> list[list[Place]]:
    """The oddities in as few rounds as may be: in each, one for every request."""
    of: dict[Seen, list[Place]] = {}
    for it in places:
        of.setdefault(it.seen, []).append(it)
    return [[it for it in together if it is not None] for together in zip_longest(*of.values())]


def show(world: Any, place: Place) -> int:
    """Have it show from now on; returns its number."""
    at = list(place.oddity.at)
    which = {"host": place.seen.host, "method": place.seen.method, "path": place.seen.path}
    return int(world.garble(_HOW[place.oddity.kind], *at, value=place.oddity.value, **which))


@dataclass
class Errors(logging.Handler):
    """Jobs that fail and readers that did not expect what came, as the log tells of them."""

    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.getMessage()[:300])

    def take(self) -> list[str]:
        taken, self.told = self.told, []
        return taken

    __hash__ = logging.Handler.__hash__


def units(rows: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """Every thing that rows hold, by data set and id; some rows hold many people."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for dataset, kept in rows.items():
        for key, row in kept.items():
            for person in getattr(row, "people", ()):
                found[dataset, person.user_id] = msgspec.structs.asdict(person)
            if not hasattr(row, "people"):
                found[dataset, key] = msgspec.structs.asdict(row)
    return found
