"""The local host and Microsoft's own library agree: on what an app has, what is refused, and what calls bring.

Needs an environment with azure-functions-runtime beside this repository's own; `make conformance` makes it.
"""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace

import pytest
from azure.functions.meta import Datum

from local.host.indexing.index import index
from local.host.indexing.loading import IndexingError, load
from local.host.invocation.context import TraceContext
from local.host.invocation.conversion import (
    http_datum,
    messages_of,
    queue_datum,
    queue_metadata,
    response_of,
    timer_datum,
)
from local.host.invocation.invoker import InvocationResult, Invoker, TriggerInput
from tests.local.host.apps import ACCEPTED, HEAD, REFUSED

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PYTHON = ROOT / ".venv-functions-runtime" / "bin" / "python"
FIXTURE = HERE / "fixture_app"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
AT = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)

REFUSED_SCRIPTS = {it.id: f'{HEAD}\n{it.values[0]}\n@app.route("good")\ndef good(req): ...\n' for it in REFUSED}
ACCEPTED_SCRIPTS = {it.id: it.values[0] for it in ACCEPTED}


def http(method="GET", query=None, route=None, headers=None, body=b""):
    return http_datum(method, "http://localhost:7071/api/x", headers or {}, query or {}, route or {}, body)


def message(body, **changes):
    plain = {"id": "an-id", "dequeue_count": 2, "pop_receipt": "receipt", "inserted_on": AT, "expires_on": AT}
    told = SimpleNamespace(**{**plain, "next_visible_on": AT, **changes})
    return queue_datum(body, is_binary=False), queue_metadata(told)


STATUS = {"Last": "2026-11-23T07:00:00+00:00", "Next": "2026-11-23T07:30:00+00:00", "LastUpdated": "x"}
KINDS = ["response", "json", "bytes", "cookie", "empty", "text", "like", "none", "dict", "tuple", "number"]

CALLS = [
    ("seen", http("POST", {"a": "1,2"}, {"id": "7"}, {"x-mixed": "v"}, b"\x00\xffbody"), {}),
    ("seen", http(), {}),
    *[("answers", http(route={"kind": kind}), {}) for kind in [*KINDS, "lost"]],
    ("later", http("PATCH"), {}),
    ("tick", timer_datum(past_due=True, status=STATUS, adjusts=True), {}),
    ("tick", timer_datum(past_due=False, status=None, adjusts=False), {}),
    ("stray", timer_datum(past_due=False, status=None, adjusts=True), {}),
    ("message", *message("hé".encode())),
    ("message", *message(b"", dequeue_count=1, expires_on=None)),
    ("text", *message(b'{"a": 1}')),
    ("raw", *message("hé".encode())),
    ("raw", Datum(b"\xff\xfe", "bytes"), {}),
    *[("bare", *message(kind)) for kind in (b"message", b"list", b"number")],
    ("broken", *message(b"x")),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A folder for each app: refused ones, accepted ones, the project's own, and the one that is called."""
    written = {}
    for name, script in {**REFUSED_SCRIPTS, **ACCEPTED_SCRIPTS}.items():
        written[name] = tmp_path_factory.mktemp("app")
        (written[name] / "function_app.py").write_text(script)
    return {**written, "the project": ROOT, "the fixture": FIXTURE}


@pytest.fixture(scope="module")
def microsoft(folders):
    """What Microsoft's library says of all apps and all calls."""
    if not PYTHON.exists():
        pytest.fail(f"There is no {PYTHON.parent.parent.name}; make it: make .venv-functions-runtime/.ready")
    asked = {
        "apps": [str(folder.resolve()) for folder in folders.values()],
        "calls": [
            {"function": name, "given": spelled(given), "metadata": spelled_all(metadata), "trace": PARENT}
            for name, given, metadata in CALLS
        ],
    }
    ran = subprocess.run(
        [PYTHON, HERE / "judge.py"], input=json.dumps(asked), capture_output=True, text=True, check=False, timeout=90
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    return dict(zip(folders, told["apps"], strict=True)), told["calls"]


@pytest.fixture
def ours(folders):
    """What this host makes of an app; what the app leaves in the interpreter is taken out again."""
    modules, path = dict(sys.modules), list(sys.path)

    def ours(name):
        sys.modules.pop("function_app", None)
        return index(load(folders[name]), {})

    yield ours
    sys.path[:] = path
    sys.modules.pop("function_app", None)
    if "function_app" in modules:
        sys.modules["function_app"] = modules["function_app"]


@pytest.mark.parametrize("name", REFUSED_SCRIPTS)
def test_both_refuse_an_app(microsoft, ours, name):
    theirs = microsoft[0][name]

    assert "refused" in theirs, theirs
    with pytest.raises(IndexingError):
        ours(name)


@pytest.mark.parametrize("name", [*ACCEPTED_SCRIPTS, "the project", "the fixture"])
def test_both_find_the_same_functions_and_bindings(microsoft, ours, name):
    theirs = microsoft[0][name]
    assert "functions" in theirs, theirs
    mine = [
        {"name": it.name, "bindings": list(it.bindings), "retries": it.retry.max_retries if it.retry else None}
        for it in ours(name).values()
    ]

    assert mine == sorted(theirs["functions"], key=lambda it: it["name"].upper())
    assert mine or name != "the project"


@pytest.fixture(scope="module")
def invoker():
    made = Invoker(4, 10, str(FIXTURE))
    yield made
    made.stop()
    made.join(2)


def test_both_bring_the_same_results(microsoft, ours, invoker):
    functions = ours("the fixture")
    for (name, given, metadata), theirs in zip(CALLS, microsoft[1], strict=True):
        told = TriggerInput(given, metadata, TraceContext(PARENT))
        function = functions[name]
        policy_free = function if function.retry is None else type(function)(**{**vars(function), "retry": None})
        assert result(policy_free, told, invoker) == expected(policy_free, theirs), (name, given)


def result(function, given, invoker):
    """What this host made of a call: what it brought, or how it failed."""
    try:
        return invoker.run(function, given)
    except Exception as error:  # noqa: BLE001 - compared with theirs
        return repr(error)


def expected(function, theirs):
    """The same, of what Microsoft's library returned; the .NET host turns it into an answer and messages."""
    if not theirs["ok"]:
        return Anything(theirs["error"])
    outcome = InvocationResult()
    for output in function.outputs:
        told = theirs["returned"] if output.name == "$return" else theirs["outputs"].get(output.name)
        if told is None:
            continue
        if output.type == "http":
            outcome.response = response_of(datum_of(told))
        else:
            outcome.messages += [(output.connection, output.queue, it) for it in messages_of(datum_of(told))]
    return outcome


class Anything:
    """An error of the same meaning: the same message for what the library refuses, the same error of a function."""

    def __init__(self, error):
        self.error = error

    def __repr__(self):
        return f"<like {self.error}>"

    def __eq__(self, other):
        return isinstance(other, str) and meaning(other) == meaning(self.error)

    __hash__ = None


def meaning(error):
    text = error.partition("(")[2]
    return text.strip("()'\",")


def spelled_all(data):
    return {name: spelled(datum) for name, datum in data.items()}


def spelled(datum):
    """A Datum as the judge reads it."""
    if datum.type == "bytes":
        return {"type": "bytes", "value": base64.b64encode(datum.value).decode()}
    if datum.type != "http":
        return {"type": datum.type, "value": datum.value}
    parts = datum.value.items()
    told = {name: spelled_all(part) if isinstance(part, dict) else spelled(part) for name, part in parts}
    return {"type": "http", "value": told}


def datum_of(told):
    """A Datum as the judge wrote it."""
    if told["type"] == "bytes":
        return Datum(base64.b64decode(told["value"]), "bytes")
    if told["type"] != "http":
        return Datum(told["value"], told["type"])
    parts = dict(told["value"])
    cookies = [SimpleCookie(text) for text in parts.pop("cookies")]
    headers = {name: datum_of(value) for name, value in parts.pop("headers").items()}
    rest = {name: datum_of(part) for name, part in parts.items()}
    return Datum({**rest, "headers": headers, "cookies": cookies}, "http")
