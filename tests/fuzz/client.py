"""Sends requests made of docs/openapi.json and counts the answers; runs in an environment of its own (see run.py).

``python client.py <document> <address> <seed> < {"count", "token_url", "personas", "known", "plausible"}`` sends that
many, half of them by somebody who is signed in, and writes ``{"statuses": {...}, "faults": [...]}``.
"""

import json
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

_A_ROUND = 25  # cases of one operation and kind, before it is the next one's turn
_TOKEN_S = 300
_WITHIN_S = 60
_MOST_FAULTS = 50
_TOLD_EVERY = 1000


class Client:
    def __init__(self, told: dict[str, Any], address: str, dice: random.Random) -> None:
        self._told = told
        self._address = address
        self._dice = dice
        self._session = requests.Session()
        self._tokens: dict[str, tuple[float, str]] = {}
        self.statuses: Counter[str] = Counter()
        self.faults: list[dict[str, Any]] = []

    def send(self, case: Any, *, is_known: bool) -> None:
        """Send one case; what no client could put on a wire is not counted."""
        self._session.auth = None
        if is_known:
            self._make_plausible(case)
            self._session.auth = self._authorized  # behind schemathesis, which leaves tokens out to see what happens
        try:
            answer = case.call(base_url=self._address, session=self._session, timeout=_WITHIN_S)
        except (requests.exceptions.InvalidHeader, requests.exceptions.InvalidURL, UnicodeError, ValueError):
            return
        self.statuses[f"{'token' if is_known else 'stranger'} {answer.status_code}"] += 1
        if answer.status_code >= 500 and len(self.faults) < _MOST_FAULTS:
            body = answer.content[:500].decode("utf-8", "replace")
            self.faults.append({"status": answer.status_code, "request": case.as_curl_command(), "answer": body})

    def _make_plausible(self, case: Any) -> None:
        """Most ids, and some of the rest, are such as the account has: a request that gets past the first look."""
        known, plausible = self._told["known"], self._told["plausible"]
        for name in case.path_parameters or {}:
            if name in known and self._dice.random() < 0.75:
                case.path_parameters[name] = known[name]
        for name in case.query or {}:
            if name in plausible and self._dice.random() < 0.4:
                case.query[name] = self._dice.choice(plausible[name])
        if isinstance(case.body, dict):
            for name in case.body:
                if name in plausible and self._dice.random() < 0.4:
                    case.body[name] = self._dice.choice(plausible[name])

    def _authorized(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token()}"
        return request

    def _token(self) -> str:
        who = self._dice.choice(self._told["personas"])
        until, token = self._tokens.get(who, (0.0, ""))
        if until < time.monotonic():
            answer = requests.post(self._told["token_url"], json={"persona": who}, timeout=_WITHIN_S)
            token = answer.json()["token"]
            self._tokens[who] = (time.monotonic() + _TOKEN_S, token)
        return token


def cases(operation: Any, mode: GenerationMode, number: int) -> list[Any]:
    """Cases of one operation, others for each number; none where a kind does not exist."""
    found: list[Any] = []

    @seed(number)
    @settings(
        max_examples=_A_ROUND,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def collect(case: Any) -> None:
        found.append(case)

    try:
        collect()
    except Unsatisfiable:
        return []
    return found


def rounds(document: str, first: int) -> Iterator[Any]:
    """Cases without end, of every operation in turns."""
    operations = [it.ok() for it in schemathesis.openapi.from_path(document).get_all_operations()]
    number = first
    while True:
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                number += 1
                yield from cases(operation, mode, number)


def main(document: str, address: str, number: int) -> None:
    told = json.load(sys.stdin)
    client = Client(told, address, random.Random(number))
    for place, case in enumerate(rounds(document, number * 1_000_000)):
        client.send(case, is_known=place % 2 == 0)
        answered = client.statuses.total()
        if place % _TOLD_EVERY == 0:
            sys.stderr.write(f"client {number}: {answered} of {told['count']}\n")
        if answered >= told["count"]:
            break
    json.dump({"statuses": client.statuses, "faults": client.faults}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
