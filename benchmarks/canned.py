"""A server that says what it was told beforehand, at next to no cost: 10,000 users in pages of 999.

``python -m benchmarks.canned USERS CA_FILE`` writes its certificate authority there, prints its address and serves
over TLS until its input ends.
"""

import json
import socket
import ssl
import sys
import threading
from urllib.parse import parse_qs, urlsplit

import trustme

PAGE = 999


def pages_of(root: str, users: int) -> list[bytes]:
    """The pages of ``GET /users``, each an HTTP answer as it goes over the wire."""
    told = []
    for start in range(0, users, PAGE):
        page: dict[str, object] = {"@odata.context": f"{root}/v1.0/$metadata#users"}
        if start + PAGE < users:
            page["@odata.nextLink"] = f"{root}/v1.0/users?$top={PAGE}&$skiptoken={start + PAGE}"
        page["value"] = [user(number) for number in range(start, min(start + PAGE, users))]
        told.append(_answer(page))
    return told


def user(number: int) -> dict[str, object]:
    key = f"{number:08x}-1111-4222-8333-{number:012x}"
    return {
        "id": key,
        "displayName": f"Zoë Person {number}",
        "givenName": "Zoë",
        "surname": f"Person {number}",
        "userPrincipalName": f"zoe.person{number}@contoso.example",
        "mail": f"zoe.person{number}@contoso.example",
        "accountEnabled": number % 17 != 0,
        "userType": "Member" if number % 20 else "Guest",
        "jobTitle": f"Title {number % 40}",
        "department": f"Department {number % 12}",
        "officeLocation": f"{number % 9}/{number % 300}",
        "mobilePhone": f"+1 425 555 {number % 10000:04d}",
        "businessPhones": [f"+1 425 556 {number % 10000:04d}"],
        "usageLocation": "US",
        "assignedLicenses": [{"disabledPlans": [], "skuId": "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"}],
    }


def _answer(body: object) -> bytes:
    told = json.dumps(body, ensure_ascii=False).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(told), told)


def _serve(connection: socket.socket, pages: list[bytes], batch: bytes) -> None:
    waiting = b""
    with connection:
        while True:
            while b"\r\n\r\n" not in waiting:
                more = connection.recv(65536)
                if not more:
                    return
                waiting += more
            head, _, waiting = waiting.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ")
            length = next((int(it.split(":")[1]) for it in lines if it.lower().startswith("content-length:")), 0)
            while len(waiting) < length:
                waiting += connection.recv(65536)
            waiting = waiting[length:]
            place = int(parse_qs(urlsplit(target).query).get("$skiptoken", ["0"])[0])
            connection.sendall(batch if method == "POST" else pages[place // PAGE])


def main() -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(sys.argv[2])
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:
        root = f"https://127.0.0.1:{server.getsockname()[1]}"
        pages = pages_of(root, int(sys.argv[1]))
        link = {"value": [], "@odata.deltaLink": f"{root}/v1.0/users/delta?$deltatoken=canned"}
        batch = _answer({"responses": [{"id": "users", "status": 200, "headers": {}, "body": link}]})

        def accept() -> None:
            while True:
                connection, _ = server.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = context.wrap_socket(connection, server_side=True)
                threading.Thread(target=_serve, args=(connection, pages, batch), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        print(root, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
