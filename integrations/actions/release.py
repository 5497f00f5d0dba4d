"""Release what a failed run holds, so that the retry of its message does not have to wait for it."""

import contextlib
from collections.abc import Callable, Iterator

from shared.errors import AppError


@contextlib.contextmanager
def release_on_failure(release: Callable[[], None]) -> Iterator[None]:
    """Call ``release`` when the block fails, and re-raise. ``release`` leaves alone what another run holds by now."""
    try:
        yield
    except Exception:
        with contextlib.suppress(AppError):  # then it expires by itself
            release()
        raise
