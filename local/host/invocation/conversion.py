"""Values on their way into a function and out of it, by the converters of Microsoft's own library.

A ``Datum`` is what travels between the host and the Python worker: a value and the name of its type.
Sources: azure-functions-runtime bindings/generic.py and datumdef.py; azure-functions-host HttpBinding.cs;
azure-sdk-for-net Storage.Queues QueueBindingsConfiguration.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum

GENERIC = "generic"
_TEXT = {"content-type": "text/plain; charset=utf-8"}


class OutputError(TypeError):
    """A function returned something its binding cannot carry."""


@dataclass(frozen=True)
class Response:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


class Generic:
    """What carries a value whose parameter is a plain str or bytes, whatever its trigger."""

    @staticmethod
    def check_input_type_annotation(annotation: type) -> bool:
        return issubclass(annotation, str | bytes)

    @staticmethod
    def check_output_type_annotation(annotation: type) -> bool:
        return issubclass(annotation, str | bytes | bytearray)

    @staticmethod
    def decode(datum: Any, *, trigger_metadata: Any) -> Any:  # noqa: ARG004 - the converters' signature
        return datum.value

    @staticmethod
    def encode(value: Any, *, expected_type: Any) -> Any:  # noqa: ARG004 - the converters' signature
        if isinstance(value, str):
            return Datum(value, "string")
        if isinstance(value, bytes | bytearray):
            return Datum(bytes(value), "bytes")
        if isinstance(value, dict | list | int | float):
            return Datum(json.dumps(value), "json")
        raise NotImplementedError


def converter(kind: str) -> Any:
    """The library's converter of a binding type, else the generic one."""
    registry: Mapping[str, Any] = func.get_binding_registry()  # type: ignore[no-untyped-call] # the library's
    return registry.get(kind) or Generic


def encoded(kind: str, value: Any, annotation: Any) -> Any:
    """A function's value as a Datum.

    Raises:
        OutputError: in the worker's words.
    """
    try:
        return converter(kind).encode(value, expected_type=annotation)
    except NotImplementedError as error:
        raise OutputError(
            f'unable to encode outgoing TypedData: unsupported type "{kind}" for Python type "{type(value).__name__}"'
        ) from error


def http_datum(
    method: str, url: str, headers: Mapping[str, str], query: Mapping[str, str], route: Mapping[str, str], body: bytes
) -> Any:
    fields: dict[str, Any] = {"method": _string(method), "url": _string(url), "body": Datum(body, "bytes")}
    for name, values in (("headers", headers), ("query", query), ("params", route)):
        fields[name] = {key: _string(value) for key, value in values.items()}
    return Datum(fields, "http")


def timer_datum(*, past_due: bool, status: Mapping[str, str] | None, adjusts: bool) -> Any:
    fields = {"Schedule": {"AdjustForDST": adjusts}, "ScheduleStatus": dict(status or {}), "IsPastDue": past_due}
    return Datum(json.dumps(fields), "json")


def queue_datum(body: bytes, *, is_binary: bool) -> Any:
    """A message's body; text is the default, so bytes that are none fail the function (BinaryDataExtensions.cs)."""
    return Datum(body, "bytes") if is_binary else _string(body.decode())


def queue_metadata(message: Any) -> dict[str, Any]:
    """What a queue message carries besides its body; message is the storage SDK's."""
    times = {
        "InsertionTime": message.inserted_on,
        "ExpirationTime": message.expires_on,
        "NextVisibleTime": message.next_visible_on,
    }
    metadata = {name: _string(_moment(at)) for name, at in times.items() if at}
    return {
        **metadata,
        "Id": _string(message.id or ""),
        "DequeueCount": Datum(json.dumps(message.dequeue_count or 1), "json"),
        "PopReceipt": _string(message.pop_receipt or ""),
    }


def _moment(at: datetime) -> str:
    return at.isoformat()


def _string(text: str) -> Any:
    return Datum(text, "string")


def response_of(datum: Any) -> Response:
    """The HTTP answer in a Datum. A str is 200; one that is an object with ``body`` is taken for a response."""
    if datum.type != "http":
        return _from_text(
            datum.value if isinstance(datum.value, str) else bytes(datum.value).decode("utf-8", "replace")
        )
    response = datum.value
    headers = {name: str(header.value) for name, header in response["headers"].items()}
    cookies = tuple(
        morsel.OutputString() for cookie in response["cookies"] or () for morsel in cookie.values()
    )  # a cookie jar each, as the library parsed it
    return Response(int(str(response["status_code"].value)), headers, bytes(response["body"].value), cookies)


def _from_text(text: str) -> Response:
    try:
        response = json.loads(text)
    except ValueError:
        response = None
    if not (isinstance(response, dict) and "body" in response):
        return Response(200, _TEXT, text.encode())
    body = response["body"] if isinstance(response["body"], str) else json.dumps(response["body"])
    status = response.get("statusCode", response.get("status", 200))
    return Response(int(str(status)), {**_TEXT, **_lowered(response.get("headers"))}, body.encode())


def _lowered(headers: Any) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()} if isinstance(headers, dict) else {}


def messages_of(datum: Any) -> list[bytes]:
    """Queue messages in a Datum: one, or one for each item of a list; objects travel as JSON."""
    if datum.type == "bytes":
        return [bytes(datum.value)]
    if datum.type != "json":
        return [str(datum.value).encode()]
    value = json.loads(datum.value)
    return [_message(item) for item in (value if isinstance(value, list) else [value])]


def _message(value: Any) -> bytes:
    if isinstance(value, dict) and value.keys() == {"id", "body"}:  # how the library writes a QueueMessage
        value = value["body"]
    return (value if isinstance(value, str) else json.dumps(value)).encode()
