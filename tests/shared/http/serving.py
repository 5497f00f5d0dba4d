"""A server on the loopback that reads a request's head and then does as its script says."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Script = Callable[[socket.socket, bytes], None]


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """A server that reads each request's head and then does as the script says, on every connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def talk(peer: socket.socket) -> None:
        with peer:
            try:
                while head := _head(peer):
                    script(peer, head)
            except OSError:
                return  # the client went away, as it should

    def accept() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=talk, args=(peer,), daemon=True))
            threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)
        for thread in threads:
            thread.join(0.1)


def _head(peer: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        came = peer.recv(4096)
        if not came:
            return b""
        head += came
    return head


def saying(*pieces: bytes, pause_s: float = 0.0, close: bool = False, said: list[bytes] | None = None) -> Script:
    def script(peer: socket.socket, _: bytes) -> None:
        for piece in pieces:
            peer.sendall(piece)
            if said is not None:
                said.append(piece)
            time.sleep(pause_s)
        if close:
            peer.shutdown(socket.SHUT_RDWR)

    return script


def whole(body: bytes, *headers: str) -> bytes:
    told = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{told}\r\n".encode() + body
