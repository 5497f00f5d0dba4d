"""The part of the world's hand that lets requests go wrong, answers be odd, and requests wait."""

from collections.abc import Callable
from typing import Any


class TroubleWorld:
    """Mixed into ``control.World``, whose ``_call`` it uses."""

    _call: Callable[..., Any]

    def fault(self, **described: Any) -> int:
        """Let requests go wrong; the arguments are the fields of ``faults.Fault``. Returns its id."""
        return int(self._call("fault", **described))

    def clear_faults(self) -> None:
        self._call("clear_faults")

    def garble(self, how: str, *at: Any, value: Any = None, **which: Any) -> int:
        """Let answers be odd, for good or ``times``: a byte order mark, or what ``at`` leads to; see ``garble.Garble``.

        Returns its number; ``garbled`` counts by it the answers that it has shown in.
        """
        return int(self._call("garble", how=how, at=list(at), value=value, **which))

    def ungarble(self) -> None:
        self._call("ungarble")

    def garbled(self) -> dict[int, int]:
        return {int(key): shown for key, shown in self._call("garbled").items()}

    def hold(self, path: str, tenant_id: str | None = None) -> None:
        """Requests whose address fits wait until ``release``; ``held`` tells how many do."""
        self._call("hold", path=path, tenant_id=tenant_id)

    def held(self) -> int:
        return int(self._call("held"))

    def release(self) -> None:
        self._call("release")
