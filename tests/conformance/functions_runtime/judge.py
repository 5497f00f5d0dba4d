"""Microsoft's own library as a judge: what it makes of an app, and of calls of its functions.

Runs by itself in an environment that holds ``azure-functions-runtime``, the library that Azure uses. It reads
JSON from standard input and writes JSON to standard output:

    {"apps": [folder, ...], "calls": [{"function", "kind", ...}, ...]}
    {"apps": [{"functions": [...]} or {"refused": text}, ...], "calls": [{"ok", "returned", "outputs", "error"}, ...]}

Calls go to the last app. Bytes travel as base64.
"""

import asyncio
import base64
import json
import logging
import os
import sys
from types import SimpleNamespace

from azure_functions_runtime import handle_event, native_invocation
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.bindings.meta import load_binding_registry
from azure_functions_runtime.utils.threadpool import start_threadpool_executor


class BindingInfo(SimpleNamespace):
    """Stands for the message of that name: a bag with its constants."""

    undefined, string, binary, stream = 0, 1, 2, 3
    in_, out, inout = 0, 1, 2


PROTOS = SimpleNamespace(BindingInfo=BindingInfo, RpcFunctionMetadata=SimpleNamespace, RpcRetryOptions=SimpleNamespace)


def index(folder):
    """What an app has, or why it is refused."""
    native_invocation._functions._functions.clear()
    for name in [name for name, module in sys.modules.items() if is_of_app(module, folder)]:
        del sys.modules[name]
    sys.modules.pop("function_app", None)
    sys.path.insert(0, folder)
    os.chdir(folder)
    handle_event._metadata_result = None
    try:
        handle_event.load_function_metadata(folder, "judge")
    except Exception as error:  # noqa: BLE001 - whatever it raises is its verdict
        return {"refused": f"{type(error).__name__}: {error}"}
    finally:
        sys.path.remove(folder)
    return {"functions": [told(it) for it in handle_event._metadata_result or []]}


def is_of_app(module, folder):
    """Whether a module is an app's own; the libraries may lie below the same folder."""
    path = str(getattr(module, "__file__", "") or "")
    return path.startswith(folder + os.sep) and not path.startswith(sys.prefix + os.sep)


def told(function):
    retry = function.retry_options
    return {
        "name": function.name,
        "bindings": [json.loads(it) for it in function.raw_bindings],
        "retries": retry.max_retry_count if retry else None,
    }


async def call(case):
    """One call, as the host would order it."""
    function = next(it for it in handle_event._metadata_result if it.name == case["function"])
    parameter = next(b["name"] for b in map(json.loads, function.raw_bindings) if b["type"].endswith("Trigger"))
    metadata = {name: datum_of(value) for name, value in case["metadata"].items()}
    given = datum_of(case["given"])
    ok, returned, outputs, error, _ = await native_invocation.invocation_request_native(
        "an-invocation", function.function_id, [(parameter, given)], metadata, case["trace"]
    )
    return {
        "ok": ok,
        "returned": spelled(returned),
        "outputs": {name: spelled(datum) for name, datum in outputs},
        "error": error,
    }


def datum_of(told):
    """A Datum from its JSON: type and value, bytes as base64, an HTTP request part by part."""
    if told["type"] == "bytes":
        return Datum(base64.b64decode(told["value"]), "bytes")
    if told["type"] != "http":
        return Datum(told["value"], told["type"])
    return Datum({name: part_of(part) for name, part in told["value"].items()}, "http")


def part_of(part):
    return datum_of(part) if "type" in part else {name: datum_of(value) for name, value in part.items()}


def spelled(datum):
    """A Datum as JSON."""
    if datum is None or datum.type is None:
        return None
    if datum.type == "bytes":
        return {"type": "bytes", "value": base64.b64encode(datum.value).decode()}
    if datum.type in {"dict", "list"}:  # the worker sends both as JSON (datumdef.py)
        return {"type": "json", "value": json.dumps(datum.value)}
    if datum.type != "http":
        return {"type": datum.type, "value": datum.value}
    parts = dict(datum.value)
    cookies = [cookie.output(header="").strip() for cookie in parts.pop("cookies") or []]
    headers = {name: spelled(value) for name, value in parts.pop("headers").items()}
    rest = {name: spelled(value) for name, value in parts.items()}
    return {"type": "http", "value": {**rest, "headers": headers, "cookies": cookies}}


async def all_calls(cases):
    return [await call(case) for case in cases]


def main():
    asked = json.load(sys.stdin)
    logging.disable(logging.CRITICAL)
    answer, sys.stdout = sys.stdout, sys.stderr  # what apps print is not ours
    handle_event.protos = PROTOS
    load_binding_registry()
    start_threadpool_executor()
    apps = [index(folder) for folder in asked["apps"]]
    calls = asyncio.run(all_calls(asked["calls"]))
    json.dump({"apps": apps, "calls": calls}, answer)


if __name__ == "__main__":
    main()
