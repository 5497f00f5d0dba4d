"""Stands between an app and its storage: forwards whole HTTP exchanges, counts them, and can break them off."""

import asyncio
import html
import random
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.faults.lab.kill import Switch

_SERVICES = ("Blob", "Queue", "Table")
_COUNTED = frozenset({"Queue", "Table"})  # blobs hold nothing but the host's own timers
_MUTATING = frozenset({"POST", "PUT", "PATCH", "MERGE", "DELETE"})
_HEAD_END = b"\r\n\r\n"
_SOON_S = 120
_MOST = 64 * 1024 * 1024


class Relay:
    """A listener for each of the storage services behind one connection string.

    ``jitter_s`` holds every request back for a random time up to it, on top of ``least_s``; ``faults`` is the share of
    requests whose connection breaks, half of them after the storage has done what they ask.
    """

    def __init__(self, switch: Switch, jitter_s: float = 0.0, faults: float = 0.0) -> None:
        self._switch = switch
        self._servers: list[asyncio.Server] = []
        self._open: set[asyncio.Task[None]] = set()
        self.jitter_s = jitter_s
        self.least_s = 0.0
        self.faults = faults
        self.chance = random.Random(1)
        self.sent: list[tuple[str, str]] = []  # every message the app ever sent: queue, and body as it lay there
        self.taken: dict[tuple[str, str], str] = {}  # messages the app holds: queue and id, with the receipt
        self.hidden: dict[tuple[str, str], str] = {}  # messages that come by themselves within two minutes

    async def start(self, connection: str) -> str:
        """Listen in front of an account; returns the connection string that leads through here."""
        told = dict(part.split("=", 1) for part in connection.strip(";").split(";"))
        for service in _SERVICES:
            behind = urlsplit(told[f"{service}Endpoint"])
            server = await asyncio.start_server(
                self._serving(service, str(behind.hostname), behind.port or 80), "127.0.0.1"
            )
            self._servers.append(server)
            port = server.sockets[0].getsockname()[1]
            told[f"{service}Endpoint"] = f"http://127.0.0.1:{port}{behind.path}"
        return ";".join(f"{name}={value}" for name, value in told.items())

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def _serving(
        self, service: str, host: str, port: int
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task:
                self._open.add(task)
                task.add_done_callback(self._open.discard)
            upstream: list[asyncio.StreamWriter] = []
            try:
                behind = await asyncio.open_connection(host, port)
                upstream.append(behind[1])
                while await self._exchange(service, (reader, writer), behind):
                    pass
            except (OSError, EOFError, ValueError, asyncio.CancelledError):
                pass  # either side went away, as processes here do
            finally:
                for it in (writer, *upstream):
                    it.transport.abort()

        return serve

    async def _exchange(
        self,
        service: str,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        behind: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> bool:
        """One request and its answer; False when the connection ends with it."""
        head, headers, body = await read_message(client[0])
        method, target, _ = head.split(" ", 2)
        if held_s := self.least_s + self.chance.random() * self.jitter_s:
            await asyncio.sleep(held_s)
        breaks = self.faults and self.chance.random() < self.faults
        if breaks and self.chance.random() < 0.5:
            return False
        number = (
            self._switch.before(described(service, method, target, body))
            if method in _MUTATING and service in _COUNTED
            else 0
        )
        if number < 0:
            return False
        if service == "Table" and method == "GET":
            number = self._switch.looks(described(service, method, target, body))
        if meanwhile := self._switch.meanwhile(number):
            await asyncio.to_thread(meanwhile)
        behind[1].write(raw(head, headers, body))
        await behind[1].drain()
        answer = await read_message(behind[0], is_answer=True)
        if not self._switch.after(number) or breaks:
            return False
        if service == "Queue":
            self._follow(method, target, body, answer)
        client[1].write(raw(*answer))
        await client[1].drain()
        return headers.get("connection", "").lower() != "close"

    def _follow(self, method: str, target: str, body: bytes, answer: tuple[str, dict[str, str], bytes]) -> None:
        """Keep in mind which messages the app holds, and what it sent."""
        queue, _, rest = unquote(urlsplit(target).path).strip("/").partition("/")[2].partition("/messages")
        found = re.findall(rb"<MessageId>(.*?)</MessageId>.*?<PopReceipt>(.*?)</PopReceipt>", answer[2], re.DOTALL)
        receipts = {(queue, key.decode()): html.unescape(receipt.decode()) for key, receipt in found}
        key = (queue, rest.strip("/"))
        if method == "GET":
            self.taken |= receipts
            self.hidden = {it: receipt for it, receipt in self.hidden.items() if it not in receipts}
        elif method == "POST":
            self.sent += [
                (queue, html.unescape(it)) for it in re.findall(r"<MessageText>(.*?)</M", body.decode(), re.DOTALL)
            ]
            hidden_s = int(dict(parse_qsl(urlsplit(target).query)).get("visibilitytimeout", "0"))
            if 0 < hidden_s <= _SOON_S:
                self.hidden |= receipts
        elif method == "DELETE":
            self.taken.pop(key, None)
            self.hidden.pop(key, None)
        elif method == "PUT" and rest and "x-ms-popreceipt" in answer[1]:
            (self.hidden if key in self.hidden else self.taken)[key] = answer[1]["x-ms-popreceipt"]


def described(service: str, method: str, target: str, body: bytes) -> str:
    """What a request does, without what differs from run to run."""
    split = urlsplit(target)
    path = unquote(split.path).split("/", 2)[-1]
    if "$batch" in path:
        text = unquote(body.decode("utf-8", "replace"))
        tables = set(re.findall(r"^(?:POST|PUT|PATCH|MERGE|DELETE) https?://[^/]+/\w+/(\w+)", text, re.MULTILINE))
        rows = set(re.findall(r"RowKey[\"'=: ]+(!?\w+)", text))
        return f"{service} {'+'.join(sorted(tables))} {','.join(sorted(rows))}"
    return f"{service} {method} {re.sub(r'[0-9a-f-]{36}.*', '*', path)}"


async def read_message(reader: asyncio.StreamReader, *, is_answer: bool = False) -> tuple[str, dict[str, str], bytes]:
    """One HTTP message: first line, headers with lower-case names, whole body without its transfer coding."""
    text = (await reader.readuntil(_HEAD_END)).decode("latin-1")
    first, *lines = text[: -len(_HEAD_END)].split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if is_answer and first.split(" ")[1] in {"100", "204", "304"}:
        if first.split(" ")[1] == "100":
            return await read_message(reader, is_answer=True)
        return first, headers, b""
    if headers.pop("transfer-encoding", "").lower() == "chunked":
        return first, headers, await _chunks(reader)
    return first, headers, await reader.readexactly(min(int(headers.get("content-length", "0")), _MOST))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(parts)


def raw(first: str, headers: Mapping[str, str], body: bytes) -> bytes:
    told = {name: value for name, value in headers.items() if name != "content-length"}
    if body or not first.startswith(("GET", "HTTP/1.1 204", "HTTP/1.1 304")):
        told["content-length"] = str(len(body))
    lines = [first, *(f"{name}: {value}" for name, value in told.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body
