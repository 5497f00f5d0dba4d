"""Let go of what a failed run holds, so that the next try of its message finds it free."""

import contextlib
from collections.abc import Callable, Iterator

from integrations.storage.control import VersionConflict
from shared.errors import AppError


@contextlib.contextmanager
def release_on_failure(let_go: Callable[[], None]) -> Iterator[None]:
    """Let go when the block fails, and go on failing. Whoever changed it meanwhile holds it now."""
    try:
        yield
    except VersionConflict:
        raise
    except Exception:
        with contextlib.suppress(AppError):  # then the hold ends by itself
            let_go()
        raise
