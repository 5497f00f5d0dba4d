"""The state of the simulated cloud on disk: a restart goes on where the last process ended, however it ended."""

import asyncio
import contextlib
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from local.files import replace_file

_EVERY_S = 0.5
_CODE = Path(__file__).parent
_DIGEST_BYTES = 32
_UNREADABLE = (
    "What the simulated Microsoft cloud knew is damaged, or of another version. It begins anew, and knows no consent "
    "that was given before. To begin anew everywhere: make run FRESH=1"
)


class StateFile:
    """The newest state, and the one before it in case that the newest is damaged.

    A file is the digest of what follows, the version of the code that wrote it (32 bytes each), and the state.
    """

    def __init__(self, folder: Path) -> None:
        self._newest, self._previous = folder / "world.state", folder / "world.state.previous"
        self._version = _version()

    def states(self) -> Iterator[bytes]:
        """Those that are whole and of this version, the newest first."""
        for path in (self._newest, self._previous):
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                digest, versioned = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
                if digest == hashlib.sha256(versioned).digest() and versioned.startswith(self._version):
                    yield versioned[len(self._version) :]

    def exists(self) -> bool:
        return self._newest.exists() or self._previous.exists()

    def write(self, state: bytes) -> None:
        versioned = self._version + state
        with contextlib.suppress(FileNotFoundError):
            self._newest.replace(self._previous)
        replace_file(self._newest, hashlib.sha256(versioned).digest() + versioned)


def _version() -> bytes:
    """A digest of the simulation's code: what another version of it wrote may not fit its classes."""
    digest = hashlib.sha256()
    for path in sorted(_CODE.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.digest()


class StateKeeper:
    """Writes the state shortly after each change, and at the end. Everything happens on the event loop of the cloud.

    ``dump`` gives the state; ``is_touched`` says whether anybody asked the cloud for anything since the last time.
    """

    def __init__(self, file: StateFile, dump: Callable[[], bytes], is_touched: Callable[[], bool]) -> None:
        self._file = file
        self._dump = dump
        self._is_touched = is_touched
        self._written = b""
        self._task: asyncio.Task[None] | None = None

    def start(self, load: Callable[[bytes], None]) -> None:
        """Load what there is, and write from now on."""
        if not any(_is_loaded(load, state) for state in self._file.states()) and self._file.exists():
            print(_UNREADABLE, file=sys.stderr, flush=True)
        self._task = asyncio.get_running_loop().create_task(self._write_changes())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._write_change()

    async def _write_changes(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_S)
            try:
                self._write_change()
            except OSError as error:  # a full disk, for one: the next time may go well
                print(f"The simulated Microsoft cloud could not save its state: {error}", file=sys.stderr, flush=True)

    def _write_change(self) -> None:
        state = self._dump() if self._is_touched() else self._written
        if state != self._written:
            self._file.write(state)
            self._written = state


def _is_loaded(load: Callable[[bytes], None], state: bytes) -> bool:
    try:
        load(state)
    except Exception as error:  # noqa: BLE001 - bytes that are no state raise anything
        print(f"A saved state cannot be loaded: {error!r}", file=sys.stderr, flush=True)
        return False
    return True
