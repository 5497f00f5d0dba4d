"""The cloud as a whole: switches, faults, malformed responses, held requests, and recorded requests."""

from typing import Any

from local.microsoft.control.call import ControlCalls, call
from local.microsoft.world.collection import Object
from local.microsoft.world.switches import Switches


class FailureCalls(ControlCalls):
    """A fault replaces or breaks a response, a garble changes its content, a hold delays it until ``release``."""

    @call
    def reset(self) -> None:
        """Forget everything: registrations, tenants, switches, faults, recorded requests."""
        self._cloud.reset()

    @call
    def call_history(self) -> list[str]:
        """Every call since the last reset: JSON of its name and its arguments by name; see ``World.history``."""
        return self._cloud.history

    @call
    def save_state(self, name: str) -> None:
        """Keep everything as it is now, requests and tokens too, for ``restore_state``."""
        self._cloud.save_state(name)

    @call
    def restore_state(self, name: str) -> None:
        """Raises KeyError when nothing was saved under this name."""
        self._cloud.restore_state(name)

    @call
    def switch(self, **settings: Any) -> None:
        """Change how Microsoft behaves; the settings are fields of ``switches.Switches``."""
        for name, value in settings.items():
            if name not in Switches.__dataclass_fields__:
                raise KeyError(f"there is no switch {name}")
            setattr(self._world.switches, name, value)

    @call
    def fault(self, **fields: Any) -> int:
        """Let requests go wrong; the fields are those of ``faults.Fault``. Returns the fault's number."""
        return self._cloud.faults.add(**fields)

    @call
    def clear_faults(self) -> None:
        self._cloud.faults.clear()

    @call
    def garble(self, how: str, *at: Any, value: Any = None, **which: Any) -> int:
        """Make responses malformed, for good or ``times``: a byte order mark, or what ``at`` leads to.

        ``how`` and ``at`` as in ``garble.Garbles.garble``, ``which`` are fields of ``faults.Fault``. Returns its
        number; ``garbled`` counts by it the responses that it has been applied to.
        """
        return self._cloud.garbles.add(how, list(at), value, **which)

    @call
    def ungarble(self) -> None:
        self._cloud.garbles.clear()

    @call
    def garbled(self) -> dict[int, int]:
        return self._cloud.garbles.counts()

    @call
    def hold(self, path: str, tenant_id: str | None = None) -> None:
        """Requests whose address matches wait until ``release``; ``held`` counts them."""
        self._cloud.held_requests.hold(path, tenant_id)

    @call
    def held(self) -> int:
        return self._cloud.held_requests.held()

    @call
    def release(self) -> None:
        self._cloud.held_requests.release()

    @call
    def requests(self, *, since: int = 0, host: str | None = None, tenant_id: str | None = None) -> list[Object]:
        """Recorded requests after number ``since``, oldest first; secrets are masked."""
        return self._cloud.recorder.requests(since=since, host=host, tenant_id=tenant_id)

    @call
    def forget_requests(self) -> None:
        self._cloud.recorder.forget_requests()
