"""Runs inside the virtual environment that holds azure-functions-runtime: indexes an app as Azure does, and calls it.

Prints one JSON object: {"functions": {name: [bindings]}, "error": text or null, "calls": {case: result}}.
Not a test; tests/conformance/functions_runtime/test_hosts_agree.py starts it. Reads the cases from standard input.
"""

import asyncio
import json
import sys
from types import SimpleNamespace
from typing import Any

from azure_functions_runtime import handle_event
from azure_functions_runtime.bindings import meta
from azure_functions_runtime.bindings.datumdef import Datum
from azure_functions_runtime.native_invocation import invocation_request_native
from azure_functions_runtime.utils import threadpool


class _BindingInfo(SimpleNamespace):
    out, inout, undefined = 1, 2, 0


class _Protos:
    """The few message types the library asks for, without protobuf."""

    BindingInfo = _BindingInfo
    RpcFunctionMetadata = SimpleNamespace
    RpcRetryOptions = SimpleNamespace


def _indexed(root: str) -> dict[str, list[dict[str, Any]]]:
    sys.path.insert(0, root)
    handle_event.protos = _Protos
    meta.load_binding_registry()
    handle_event.load_function_metadata(root, "oracle")
    return {it.name: [json.loads(binding) for binding in it.raw_bindings] for it in handle_event._metadata_result or []}


def _datum(told: dict[str, Any]) -> Datum:
    if told["type"] != "http":
        return Datum(told["value"], told["type"])
    value = told["value"]
    http = {
        "method": Datum(value["method"], "string"),
        "url": Datum(value["url"], "string"),
        "headers": {name: Datum(text, "string") for name, text in value["headers"].items()},
        "params": {name: Datum(text, "string") for name, text in value["params"].items()},
        "query": {name: Datum(text, "string") for name, text in value["query"].items()},
        "body": Datum(value["body"].encode(), "bytes"),
    }
    return Datum(http, "http")


def _plain(datum: Any) -> Any:
    value = getattr(datum, "value", datum)
    if isinstance(value, dict):
        return {name: _plain(it) for name, it in value.items()}
    return value.decode() if isinstance(value, bytes) else value


async def _call(ids: dict[str, str], case: dict[str, Any]) -> dict[str, Any]:
    metadata = {name: _datum(it) for name, it in case.get("metadata", {}).items()}
    inputs = [(case["parameter"], _datum(case["input"]))]
    ok, returned, outputs, text, _ = await invocation_request_native("call", ids[case["function"]], inputs, metadata)
    return {
        "ok": ok,
        "returned": _plain(returned),
        "outputs": {name: _plain(it) for name, it in outputs or []},
        "error": text,
    }


def main() -> None:
    cases = json.load(sys.stdin)
    told: dict[str, Any] = {"functions": {}, "error": None, "calls": {}}
    try:
        told["functions"] = _indexed(sys.argv[1])
        threadpool.start_threadpool_executor()
        ids = {it.name: it.function_id for it in handle_event._metadata_result or []}
        for name, case in cases.items():
            told["calls"][name] = asyncio.run(_call(ids, case))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        told["error"] = f"{type(error).__name__}: {error}"
    print(json.dumps(told, default=str))  # noqa: T201 - the way back to the test


main()
