"""Names, bindings and results: our host and Microsoft's library must say the same (platform.md sections 1.1 and 2)."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure.functions.meta import Datum

from local.host.convert import http_datum
from local.host.index import Function, index
from local.host.invoke import Given, Invoker, Outcome, OutputError
from local.host.loading import IndexingError, load

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PYTHON = ROOT / ".venv-functions-runtime" / "bin" / "python"
MAKE = "`make conformance` makes the environment with Microsoft's library"


def http_case(function: str, *, method: str = "GET", name: str = "", **told: Any) -> dict[str, Any]:
    value = {
        "method": method,
        "url": f"http://localhost/api/{function}",
        "headers": told.get("headers", {}),
        "params": {"name": name} if name else {},
        "query": told.get("query", {}),
        "body": told.get("body", ""),
    }
    return {"function": function, "parameter": "req", "input": {"type": "http", "value": value}}


def text(value: str) -> dict[str, str]:
    return {"type": "string", "value": value}


TIMER = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": True}
CASES: dict[str, dict[str, Any]] = {
    "an HTTP request": http_case(
        "echo", method="POST", name="a b", headers={"x-test": "1"}, query={"q": "ü"}, body="hi"
    ),
    "text": http_case("text"),
    "nothing": http_case("nothing"),
    "a mapping": http_case("mapping"),
    "an error": http_case("fails"),
    "a timer": {"function": "tick", "parameter": "timer", "input": {"type": "json", "value": json.dumps(TIMER)}},
    "a queue message": {
        "function": "take",
        "parameter": "msg",
        "input": text("hello"),
        "metadata": {"Id": text("m-1"), "DequeueCount": text("2")},
    },
    "a queue message as text": {"function": "take_text", "parameter": "msg", "input": text("hello"), "metadata": {}},
}


def oracle(root: Path, cases: dict[str, Any]) -> dict[str, Any]:
    if not PYTHON.exists():
        pytest.fail(f"{PYTHON.name} is not there: {MAKE}")
    run = subprocess.run(
        [str(PYTHON), str(HERE / "oracle.py"), str(root)],
        input=json.dumps(cases), capture_output=True, text=True, check=True, cwd=root,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return told


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    return oracle(HERE / "app", CASES)


@pytest.fixture(scope="module")
def ours() -> dict[str, Function]:
    return index(load(HERE / "app"), {})


def plain(function: Function) -> list[dict[str, Any]]:
    """Bindings with their enums spelled out, without what is not set."""

    def spelled(value: Any) -> Any:
        if isinstance(value, list):
            return [spelled(it) for it in value]
        return getattr(value, "name", value)

    return [{name: spelled(it) for name, it in binding.items() if it is not None} for binding in function.bindings]


def spelled_out(bindings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in binding.items() if value is not None} for binding in bindings]


def normal(bindings: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Comparable: names, types, directions, routes, methods, schedules and queues, whatever their spelling."""
    kept = (
        "name",
        "type",
        "direction",
        "route",
        "methods",
        "authLevel",
        "schedule",
        "queueName",
        "connection",
        "useMonitor",
    )
    return sorted(
        ({name: str(binding[name]).upper().strip() for name in kept if name in binding} for binding in bindings),
        key=str,
    )


def test_the_same_functions_have_the_same_bindings(theirs: dict[str, Any], ours: dict[str, Function]) -> None:
    assert theirs["error"] is None
    assert set(theirs["functions"]) == set(ours)
    for name, function in ours.items():
        assert normal(plain(function)) == normal(spelled_out(theirs["functions"][name])), name


def test_this_projects_app_is_indexed_alike() -> None:
    theirs, ours = oracle(ROOT, {}), index(load(ROOT), {})

    assert theirs["error"] is None
    assert set(theirs["functions"]) == set(ours)
    for name, function in ours.items():
        assert normal(plain(function)) == normal(spelled_out(theirs["functions"][name])), name


def called(ours: dict[str, Function], case: dict[str, Any]) -> Outcome:
    """The same case through our own invoker."""
    told, kind = case["input"]["value"], case["input"]["type"]
    if kind == "http":
        body = told["body"].encode()
        datum = http_datum(told["method"], told["url"], told["headers"], told["query"], told["params"], body)
    else:
        datum = Datum(told, kind)
    metadata = {name: Datum(it["value"], it["type"]) for name, it in case.get("metadata", {}).items()}
    invoker = Invoker(2, 10, ".")
    try:
        return invoker.run(ours[case["function"]], Given(datum, metadata))
    finally:
        invoker.stop()
        invoker.join(5)


@pytest.mark.parametrize("name", ["an HTTP request", "text"])
def test_an_answer_is_the_same_to_the_byte(theirs: dict[str, Any], ours: dict[str, Function], name: str) -> None:
    told, response = theirs["calls"][name], called(ours, CASES[name]).response

    assert told["ok"]
    assert response is not None
    if name == "text":
        assert told["returned"] == response.body.decode()
        return
    returned = told["returned"]
    assert int(returned["status_code"]) == response.status
    assert returned["body"] == response.body.decode()
    assert {key.lower(): value for key, value in returned["headers"].items()} == {
        key.lower(): value for key, value in response.headers.items()
    }


@pytest.mark.parametrize("name", ["nothing", "a mapping"])
def test_what_cannot_be_an_answer_fails_on_both(theirs: dict[str, Any], ours: dict[str, Function], name: str) -> None:
    assert not theirs["calls"][name]["ok"] or theirs["calls"][name]["returned"] is None
    with pytest.raises(OutputError):
        called(ours, CASES[name])


def test_an_error_of_the_function_is_one_on_both(theirs: dict[str, Any], ours: dict[str, Function]) -> None:
    assert not theirs["calls"]["an error"]["ok"]
    assert "ValueError" in theirs["calls"]["an error"]["error"]
    with pytest.raises(ValueError, match="no"):
        called(ours, CASES["an error"])


@pytest.mark.parametrize("name", ["a timer", "a queue message", "a queue message as text"])
def test_what_goes_into_queues_is_the_same(theirs: dict[str, Any], ours: dict[str, Function], name: str) -> None:
    told = theirs["calls"][name]
    messages = [body.decode() for _, _, body in called(ours, CASES[name]).messages]
    put = told["returned"] if told["returned"] is not None else told["outputs"]["out"]
    listed = json.loads(put) if name == "a timer" else [put]

    assert told["ok"], told["error"]
    if name == "a queue message":
        assert [json.loads(it) for it in listed] == [json.loads(it) for it in messages]
    else:
        assert listed == messages


HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
ROUTE, TIMER_AT = "@app.route('x')\n", "@app.timer_trigger(arg_name='t', schedule='0 * * * * *')\n"
QUEUE = "@app.queue_output(arg_name='o', queue_name='q', connection='c')\n"
BROKEN = {
    "two apps": f"{HEAD}other = func.FunctionApp()\n",
    "one app under two names": f"{HEAD}application = app\n{ROUTE}def f(req: func.HttpRequest) -> str: return ''\n",
    "an unbound parameter": f"{HEAD}{ROUTE}def f(req, svc=None): return ''\n",
    "a wrong arg_name": f"{HEAD}{TIMER_AT}def f(timer): pass\n",
    "a dict answer": f"{HEAD}{ROUTE}def f(req: func.HttpRequest) -> dict: return {{}}\n",
    "a None answer": f"{HEAD}{ROUTE}def f(req: func.HttpRequest) -> None: return None\n",
    "a list[str] output": f"{HEAD}{TIMER_AT}{QUEUE}def f(t: func.TimerRequest, o: func.Out[list[str]]) -> None: pass\n",
    "one name twice": (
        f"{HEAD}@app.function_name('a')\n{ROUTE}def f(req): return ''\n"
        "@app.function_name('a')\n@app.route('y')\ndef g(req): return ''\n"
    ),
    "a wrong context": f"{HEAD}{ROUTE}def f(req: func.HttpRequest, context: int) -> str: return ''\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_app_is_refused_by_both(tmp_path: Path, name: str) -> None:
    (tmp_path / "function_app.py").write_text(BROKEN[name])

    told = oracle(tmp_path, {})
    sys.modules.pop("function_app", None)

    assert told["error"], told
    with pytest.raises(IndexingError):
        index(load(tmp_path), {})
