"""The hand that turns the simulated world: a client of its ``/_world/`` interface.

``world.add_tenant("Contoso Dental", users=25)`` calls the method of that name in the running cloud; the
methods, their arguments and answers stand in ``world.World`` and ``cloud.Cloud``.
"""

from collections.abc import Callable
from typing import Any

import requests

CALLS = frozenset(
    {
        "reset", "register_app", "add_tenant", "tell", "add_user", "change_user", "remove_user", "touch_users",
        "users", "rename_tenant", "delete_tenant", "set_licences", "give_role", "take_role", "consent",
        "set_app_roles", "revoke_consent", "disable_app", "service_principal", "expire_delta_tokens",
        "answer_with_token_of", "forge_id_token", "switch", "fault", "clear_faults", "hold", "release",
        "requests", "forget_requests",
    }
)  # fmt: skip


class WorldRefused(Exception):
    """The world does not know such a call, or such a thing."""


class World:
    """Calls the running cloud by method names."""

    def __init__(self, graph_url: str, ca_file: str) -> None:
        self._url = f"{graph_url}/_world/call"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = ca_file

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in CALLS:
            raise AttributeError(name)
        return lambda **arguments: self._call(name, arguments)

    def close(self) -> None:
        self._session.close()

    def _call(self, name: str, arguments: dict[str, Any]) -> Any:
        answer = self._session.post(self._url, json={"do": name, "with": arguments}, timeout=120)
        told = answer.json()
        if answer.status_code != 200:
            raise WorldRefused(told["error"])
        return told["result"]
