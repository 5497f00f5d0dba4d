"""A server on the loopback interface that follows a script."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Script = Callable[[socket.socket, bytes], None]


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """A server that reads the head of each request and then runs the script, on every connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve(peer: socket.socket) -> None:
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
            threads.append(threading.Thread(target=serve, args=(peer,), daemon=True))
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
        received = peer.recv(4096)
        if not received:
            return b""
        head += received
    return head


def sending(*chunks: bytes, pause_s: float = 0.0, close: bool = False, sent: list[bytes] | None = None) -> Script:
    """A script that sends the chunks one by one, whatever the request is; ``sent`` records them."""

    def script(peer: socket.socket, _: bytes) -> None:
        for chunk in chunks:
            peer.sendall(chunk)
            if sent is not None:
                sent.append(chunk)
            time.sleep(pause_s)
        if close:
            peer.shutdown(socket.SHUT_RDWR)

    return script


def complete_response(body: bytes, *headers: str) -> bytes:
    """A response with status 200."""
    header_lines = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n{header_lines}\r\n".encode() + body
