"""Jobs of ours that fail until they are given up, and what is told of that wherever it shows."""

import json
import logging
from typing import Any

import pytest

from tests.flows.portal import Portal

AT_ONCE = {"AzureFunctionsJobHost__extensions__queues__visibilityTimeout": "00:00:00"}
ACCOUNT = "acct_northwind"


class Bug:
    """A method of ours that raises until the bug is mended."""

    def __init__(self, owner: Any, name: str) -> None:
        self._owner, self._name, self._working = owner, name, getattr(owner, name)
        self.times = 0
        setattr(owner, name, self._raise)

    def _raise(self, *_: object, **__: object) -> None:
        self.times += 1
        raise ZeroDivisionError("division by zero at https://graph.microsoft.com/secret")

    def mend(self) -> None:
        setattr(self._owner, self._name, self._working)


def says_so(told: dict[str, Any], job: str) -> None:
    """Whatever was given up says it in the same way everywhere."""
    assert told["reason"] == "our_failure", told
    assert "failed several times" in told["detail"]
    assert "operator" in told["remedy"]
    assert "try again automatically" in told["remedy"]
    evidence = told["evidence"]
    assert (evidence["job"], evidence["times_tried"], evidence["error"]) == (job, "5", "ZeroDivisionError")
    assert told["since"] < told["next_check_at"]
    for never in ("Traceback", "division by zero", "graph.microsoft.com"):
        assert never not in json.dumps(told)


def alerts(caplog: pytest.LogCaptureFixture, queue: str) -> list[dict[str, Any]]:
    lines = [it.getMessage() for it in caplog.records if it.name == "integrations" and it.levelno >= logging.ERROR]
    told = [json.loads(it) for it in lines if it.startswith("{")]
    return [it for it in told if it["event"] == "gave a message up" and it["queue"] == queue]


def entries(portal: Portal, job: str) -> list[dict[str, Any]]:
    found = portal.ask("GET", "/audit?limit=1000&action=gave%20up%20a%20job")["items"]
    return [it for it in found if it["after"] == job]
