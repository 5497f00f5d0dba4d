"""Apps that Azure refuses or accepts, each with what a refusal says (azure-functions-runtime functions.py)."""

import pytest

HEAD = """
import typing
import azure.functions as func
app = func.FunctionApp()
"""
QUEUE = '@app.queue_trigger(arg_name="msg", queue_name="work", connection="S")\n'
OUT = '@app.queue_output(arg_name="out", queue_name="more", connection="S")\n'
TIMER = '@app.timer_trigger(arg_name="timer", schedule="0 0 * * * *")\n'
TWO_BLUEPRINTS = """
for _ in range(2):
    bp = func.Blueprint()
    @bp.route("x")
    def same(req): ...
    app.register_functions(bp)
"""
UNWRAPPED = """
def guard(door):
    def w(req): return door(req)
    return w
@app.route("a")
@guard
def a(req): ...
@app.route("b")
@guard
def b(req): ...
"""

REFUSED = [
    pytest.param("other = func.FunctionApp()", "More than one FunctionApp", id="two apps"),
    pytest.param("application = app", "More than one FunctionApp", id="one app under two names"),
    pytest.param('@app.route("x")\ndef f(req, svc=None): ...', "f function: .*'svc'", id="a parameter without binding"),
    pytest.param('@app.route("x")\ndef f(request): ...', "f function: ", id="a parameter of another name"),
    pytest.param('@app.route("x")\ndef f(req) -> dict: ...', "f function: .*dict", id="HTTP that returns a dict"),
    pytest.param('@app.route("x")\ndef f(req) -> None: ...', "f function: .*NoneType", id="HTTP that returns None"),
    pytest.param(
        '@app.route("x")\ndef f(req) -> typing.Optional[func.HttpResponse]: ...',
        "f function: .*non-type",
        id="Optional",
    ),
    pytest.param('@app.route("x")\ndef f(req: func.QueueMessage): ...', "f function: .*req", id="wrong input class"),
    pytest.param('@app.route("x")\ndef f(req: typing.List[str]): ...', "f function: .*req", id="a generic as input"),
    pytest.param('@app.route("x")\ndef f(req: "Lost"): ...', "f function: .*Lost", id="an annotation nobody knows"),
    pytest.param('@app.route("x")\ndef f(req, context: str): ...', "f function: .*context", id="a context of str"),
    pytest.param(f"{QUEUE}{OUT}def f(msg, out: func.Out[list[str]]): ...", "f function: .*out", id="Out[list[str]]"),
    pytest.param(f"{QUEUE}{OUT}def f(msg, out: func.Out): ...", "f function: .*out", id="Out of nothing"),
    pytest.param(f"{QUEUE}{OUT}def f(msg, out: str): ...", "f function: .*out", id="an output that is no Out"),
    pytest.param(f"{QUEUE}def f(msg: func.Out[str]): ...", "f function: .*msg", id="an input that is Out"),
    pytest.param(TWO_BLUEPRINTS, "unique function name", id="a name in two blueprints"),
    pytest.param(UNWRAPPED, "unique function name", id="a decorator without wraps"),
    pytest.param("raise KeyError('SETTING')", "KeyError", id="an import that fails"),
    pytest.param(
        f'{TIMER}@app.retry(strategy="fixed_delay", max_retry_count="x")\ndef f(timer): ...',
        "f: the retry policy",
        id="a retry policy that is none",
    ),
]

# What Microsoft's Python library leaves to its .NET host.
OURS_ALONE = [
    pytest.param(
        '@app.blob_trigger(arg_name="b", path="x", connection="S")\ndef f(b): ...',
        "f: the binding 'blobTrigger' is not supported",
        id="a trigger this host does not run",
    ),
    pytest.param(
        '@app.route("x")\n@app.blob_output(arg_name="b", path="x", connection="S")\ndef f(req, b): ...',
        "f: the binding 'blob' is not supported",
        id="a binding this host does not run",
    ),
    pytest.param(
        '@app.queue_trigger(arg_name="m", queue_name="%LOST%", connection="S")\ndef f(m): ...',
        "f: '%LOST%' does not resolve to a value",
        id="a setting that is not there",
    ),
]

ACCEPTED = [
    pytest.param(f"from __future__ import annotations\n{HEAD}{QUEUE}def f(msg: func.QueueMessage): ...", id="future"),
    pytest.param(f"{HEAD}{QUEUE}def f(msg: str) -> None: ...", id="a queue message as str"),
    pytest.param(f"{HEAD}{QUEUE}{OUT}def f(msg, out: func.Out[typing.List[str]]): ...", id="Out[List[str]]"),
    pytest.param(f"{HEAD}{QUEUE}{OUT}def f(msg, out: func.Out[bytes], context: func.Context): ...", id="context"),
    pytest.param(f"{HEAD}@app.route()\ndef f(req: func.HttpRequest) -> str: ...", id="HTTP that returns str"),
    pytest.param(
        f"{HEAD}import functools\ndef g(d):\n    @functools.wraps(d)\n    def w(*a, **k): return d(*a, **k)\n"
        "    return w\n@app.route()\n@g\ndef f(req: func.HttpRequest) -> func.HttpResponse: ...",
        id="a decorator with wraps",
    ),
]
