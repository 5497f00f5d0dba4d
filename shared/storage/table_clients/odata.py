"""What the table service's REST API writes and reads: rows as JSON, keys in addresses and filters, and errors.

Source: https://learn.microsoft.com/rest/api/storageservices/payload-format-for-table-service-operations
"""

import base64
import re
from typing import Any
from urllib.parse import quote

import msgspec

from shared.http.client import Response
from shared.storage.retries import TRANSIENT, Unanswered
from shared.storage.rows import Row, RowChanged, RowExists, RowNotStorable, Value

JSON = "application/json;odata=minimalmetadata"
HEADERS = {"Accept": JSON, "DataServiceVersion": "3.0;"}
_CODE = re.compile(rb'"code"\s*:\s*"(\w+)"')
_SYSTEM_COLUMNS = frozenset({"PartitionKey", "RowKey", "Timestamp"})


def json_of(row: Row, operation: str) -> bytes:
    """A row as JSON, with the id of the operation that writes it. Numbers and bytes carry their type."""
    entity: dict[str, Any] = {}
    for name, value in row.values.items():
        if isinstance(value, str | bool):
            entity[name] = value
        elif isinstance(value, bytes):
            entity[name], entity[f"{name}@odata.type"] = base64.b64encode(value).decode("ascii"), "Edm.Binary"
        elif isinstance(value, float):
            entity[name], entity[f"{name}@odata.type"] = value, "Edm.Double"
        else:
            entity[name], entity[f"{name}@odata.type"] = str(value), "Edm.Int64"
    entity["PartitionKey"], entity["RowKey"], entity["op"] = row.partition, row.key, operation
    body = msgspec.json.encode(entity)
    # Some parsers take these two characters for line ends: Azurite loses the keys behind them.
    return body.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")


def row_of(entity: dict[str, Any]) -> Row:
    """The row in an answer.

    Raises:
        Unanswered: it has no keys.
    """
    if not isinstance(entity.get("PartitionKey"), str) or not isinstance(entity.get("RowKey"), str):
        raise Unanswered("a row came without its keys")
    values = {
        name: _value(value, entity.get(f"{name}@odata.type"))
        for name, value in entity.items()
        if name not in _SYSTEM_COLUMNS and "odata." not in name
    }
    return Row(entity["PartitionKey"], entity["RowKey"], values, entity.get("odata.etag", ""))


def _value(value: Any, kind: str | None) -> Value:
    if kind == "Edm.Int64":
        return int(value)
    if kind == "Edm.Binary":
        return base64.b64decode(value)
    if kind == "Edm.Double":
        return float(value)
    plain: Value = value
    return plain


def address(partition: str, key: str) -> str:
    """The keys of a row in a URL; the partition is escaped already."""
    return f"PartitionKey={partition},RowKey={url_literal(key)}"


def url_literal(text: str) -> str:
    """A string literal in a URL, escaped."""
    return quote(literal(text), safe="':")


def literal(text: str) -> str:
    """A string literal in a filter or a URL: in single quotes, with inner quotes doubled."""
    return "'" + text.replace("'", "''") + "'"


def conflict_of(code: str) -> Exception | None:
    """What an error code says of a row that somebody else has written or deleted; None for any other code."""
    if code == "EntityAlreadyExists":
        return RowExists()
    if code in {"UpdateConditionNotSatisfied", "ConditionNotMet", "ResourceNotFound", "EntityNotFound"}:
        return RowChanged()
    return None


def error_of(status: int, code: str) -> Exception:
    """What an answer with this status and error code means for whoever reads or writes rows."""
    if conflict := conflict_of(code):
        return conflict
    if status in TRANSIENT:
        return Unanswered(code)
    return RowNotStorable(f"storage refused the request with HTTP {status} {code}")


def require_status(response: Response, status: int) -> None:
    """Check that a response has this status.

    Raises:
        RowExists, RowChanged, RowNotStorable, Unanswered: it has another one.
    """
    if response.status != status:
        raise error_of(response.status, "" if response.status in TRANSIENT else code_of(response.body))


def code_of(body: bytes) -> str:
    """The error code in a body; empty when there is none."""
    match = _CODE.search(body)
    return match[1].decode("ascii") if match else ""
