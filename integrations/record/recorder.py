"""Keeps every answer of Microsoft Graph that the readers of a sync ask for, in the form that an assessment reads."""

import hashlib
import re
from collections.abc import Mapping
from threading import Lock
from typing import Any

import msgspec

from integrations.assess.replay import address_of
from integrations.record.redaction import Redaction
from shared.formats.json_text import UnreadableJson, parse_json
from shared.http.client import HttpClient, Response

_OK = 200
_LINKS = ("@odata.nextLink", "@odata.deltaLink")
_TOKEN = re.compile(r"\$(?:skip|delta)token=(?!latest$|latest&)", re.IGNORECASE)


class RecordingClient(HttpClient):
    """Sends requests through another client, and keeps what Graph answers: bodies, and statuses other than 200."""

    def __init__(self, client: HttpClient, root: str, redaction: Redaction) -> None:
        super().__init__()
        self._client = client
        self._root = root
        self._redaction = redaction
        self._lock = Lock()
        self.answers: dict[str, msgspec.Raw] = {}
        self.statuses: dict[str, int] = {}

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_s: float = 60.0,
        read_s: float | None = None,
    ) -> Response:
        """As ``HttpClient.send``; requests to other hosts, such as those for tokens, are not kept."""
        response = self._client.send(method, url, headers=headers, body=body, within_s=within_s, read_s=read_s)
        if url.startswith(self._root):
            self._keep(url.removeprefix(self._root), body, response)
        return response

    def _keep(self, path: str, body: bytes | None, response: Response) -> None:
        if not path.endswith("/$batch"):
            self._keep_one(path, response.status, _json(response.body))
            return
        parts = _json(response.body).get("responses") or []
        urls = {str(it["id"]): it["url"] for it in _json(body or b"{}").get("requests") or []}
        for part in parts:
            if str(part.get("id")) in urls:
                version = path.removesuffix("/$batch")
                self._keep_one(version + urls[str(part["id"])], int(part.get("status") or 0), part.get("body"))

    def _keep_one(self, path: str, status: int, body: Any) -> None:
        address = _without_token(path)
        kept = msgspec.Raw(msgspec.json.encode(self._redacted(body)))
        with self._lock:
            if status == _OK:
                self.answers[address] = kept
                self.statuses.pop(address, None)
            elif address not in self.answers or address in self.statuses:
                self.answers[address] = kept  # says by its code what was wrong
                self.statuses[address] = status

    def _redacted(self, body: Any) -> Any:
        found = self._redaction.of(body)
        if not isinstance(found, dict):
            return found
        links = {name: _without_token(found[name]) for name in _LINKS if isinstance(found.get(name), str)}
        return {**found, **links}


def _without_token(url: str) -> str:
    """The address of a request. Its token, in which Microsoft may put names, is replaced by a hash."""
    address = address_of(url)
    path, _, options = address.partition("?")
    if not _TOKEN.search(options):
        return address
    return f"{path}?$skiptoken={hashlib.blake2b(options.encode(), digest_size=8).hexdigest()}"


def recording_of(client: RecordingClient, tenant: Mapping[str, str], as_of: str, *, format_name: str) -> dict[str, Any]:
    """The recording as it is written."""
    return {
        "format": format_name,
        "tenant": dict(tenant),
        "as_of": as_of,
        "answers": dict(sorted(client.answers.items())),
        "statuses": dict(sorted(client.statuses.items())),
    }


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = parse_json(bytes(body))
    except (UnreadableJson, msgspec.MsgspecError):
        return {}
    return value if isinstance(value, dict) else {}
