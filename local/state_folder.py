"""The folder that keeps everything between two starts: data, keys, and what the simulated Microsoft cloud knows."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.files import replace_file

_DATA = ("azurite", "secret-key.txt", "example", "microsoft", "portal-key.pem")  # a kill in between must leave no rows


class FolderInUse(Exception):
    """Another start uses the folder; the message says what to do."""


class StateFolder:
    """What a start finds, and leaves for the next one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._example = path / "example"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other starts out. The lock ends with the process, however that ends.

        Raises:
            FolderInUse: there is another one.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / "lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderInUse(
                    f"Another `make run` or `make services` uses {self.path}. Stop it first, or name another folder: "
                    "python -m local --state-dir=..."
                ) from None
            yield

    def reset(self) -> None:
        """Delete all data and keys; the ports that were chosen stay."""
        for name in _DATA:
            path = self.path / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    # The example that the first start fills in.

    @property
    def is_filled(self) -> bool:
        return self._read() == "done"

    @property
    def is_half_filled(self) -> bool:
        """An empty folder was being filled when that start was killed: nobody has worked with it yet."""
        return self._read() == "begun"

    def begin_example(self) -> None:
        """Call it before there is any data; data of a folder that was filled otherwise is never taken for a half."""
        if not (self.path / "azurite").exists():
            replace_file(self._example, b"begun")

    def end_example(self) -> None:
        replace_file(self._example, b"done")

    def _read(self) -> str:
        try:
            return self._example.read_text()
        except OSError:
            return ""
