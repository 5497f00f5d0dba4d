"""The floor: what the same bytes cost with one connection, one parser and no care. Standard library and orjson.

It follows pages and writes hand-made transactions, but keeps no fence, no cursor, no fingerprint of what is stored,
no time limit, no retry and no finding: nobody could ship it. Reads one JSON object from its input.
"""

import base64
import email.utils
import hashlib
import hmac
import http.client
import json
import resource
import ssl
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import orjson

_MOST_CHARACTERS = 32 * 1024  # of one column


def connection_to(url: str, ca_file: str | None) -> http.client.HTTPConnection:
    split = urlsplit(url)
    if split.scheme == "https":
        return http.client.HTTPSConnection(split.netloc, context=ssl.create_default_context(cafile=ca_file))
    return http.client.HTTPConnection(split.netloc)


def read(told: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """All items of all collections, and how many requests that took."""
    graph, items, requests = connection_to(told["graph_url"], told.get("ca_file")), [], 0
    headers = {"Authorization": f"Bearer {told.get('token', '')}"}
    for path in told["paths"]:
        target: str | None = path
        while target:
            graph.request("GET", target, headers=headers)
            answer = graph.getresponse()
            page = orjson.loads(answer.read())
            requests += 1
            if answer.status == 429:
                if not told.get("waits"):
                    raise RuntimeError("the floor was throttled: it would read less than we do")
                time.sleep(float(answer.headers.get("Retry-After", 2)))  # reports do not say: five in ten seconds
                continue
            items += [it for it in page.get("value", ()) if it]
            onward = page.get("@odata.nextLink")
            target = onward and urlsplit(onward)._replace(scheme="", netloc="").geturl()
    return items, requests


def write(told: dict[str, Any], items: list[dict[str, Any]]) -> None:
    """A hundred rows a transaction, upserted, spread over sixteen partitions of the tenant's own."""
    account = dict(it.split("=", 1) for it in told["storage"].split(";") if "=" in it)
    endpoint, key = account["TableEndpoint"], base64.b64decode(account["AccountKey"])
    line, path = connection_to(endpoint, None), urlsplit(endpoint).path
    for start in range(0, len(items), 100):
        name = uuid.uuid4().hex
        partition = f"floor-{told.get('name', '')}-{start // 100 % 16}"
        parts = [f"--batch_{name}\r\nContent-Type: multipart/mixed; boundary=changeset_{name}\r\n\r\n".encode()]
        for number, item in enumerate(items[start : start + 100], start):
            row, text = f"{number:07d}", orjson.dumps(item).decode()[:_MOST_CHARACTERS]
            body = orjson.dumps({"PartitionKey": partition, "RowKey": row, "body": text})
            parts.append(
                (
                    f"--changeset_{name}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
                    f"PUT {endpoint}/data(PartitionKey='{partition}',RowKey='{row}') HTTP/1.1\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                ).encode()
                + body
                + b"\r\n"
            )
        parts.append(f"--changeset_{name}--\r\n--batch_{name}--\r\n".encode())
        date = email.utils.formatdate(usegmt=True)
        text = f"{date}\n/{account['AccountName']}{path}/$batch"
        signed = base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()
        headers = {
            "Authorization": f"SharedKeyLite {account['AccountName']}:{signed}",
            "x-ms-date": date,
            "x-ms-version": "2020-12-06",
            "Content-Type": f"multipart/mixed; boundary=batch_{name}",
        }
        line.request("POST", f"{path}/$batch", body=b"".join(parts), headers=headers)
        if line.getresponse().read().count(b"HTTP/1.1 204") != len(items[start : start + 100]):
            raise RuntimeError("a transaction of the floor failed")


def once(told: dict[str, Any]) -> tuple[int, int]:
    """One tenant: how many items that were, and how many requests it took."""
    items, requests = read(told)
    if told.get("storage"):
        write(told, items)
    return len(items), requests


def main() -> None:
    """One tenant, or a list of them with so many ``at_once``."""
    told = json.loads(sys.stdin.read())
    cpu, wall = time.process_time(), time.monotonic()
    with ThreadPoolExecutor(told.get("at_once", 1)) as pool:
        done = list(pool.map(once, told.get("tenants", [told])))
    answer = {
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.monotonic() - wall,
        "items": sum(items for items, _ in done),
        "requests": sum(requests for _, requests in done),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
