"""Continuous access evaluation: Graph demands a newer token, in words that only the token endpoint understands.

Only who declared the capability "cp1" is challenged; others keep their tokens until these end.
Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from local.microsoft.graph.errors import GraphError

_CAPABLE = "cp1"
_HEADER = (
    'Bearer realm="", authorization_uri="{}/common/oauth2/authorize", client_id="{}", '
    'error="insufficient_claims", claims="{}"'
)


@dataclass
class Demand:
    """Requests of a tenant whose path fits need a token for ``claims``; a ``stubborn`` demand is never met."""

    path: str
    claims: dict[str, Any]
    stubborn: bool = False


def asked_claims(form: dict[str, str]) -> dict[str, Any]:
    """What a token request's ``claims`` put into the token: the capabilities, and the demand it answers."""
    claims = json.loads(form.get("claims") or "{}")
    wanted = dict(claims.get("access_token") or {})
    capabilities = wanted.pop("xms_cc", {}).get("values", [])
    told = {"xms_cc": capabilities} if capabilities else {}
    return told | ({"simulated_answers": wanted} if wanted else {})


def demand(demands: list[Demand], token: dict[str, Any], path: str, login: str, graph_app: str) -> None:
    """Let the token pass, or raise the challenge that it does not answer."""
    if _CAPABLE not in token.get("xms_cc", ()):
        return
    for it in demands:
        answered = token.get("simulated_answers") == it.claims["access_token"]
        if re.search(it.path, path) and (it.stubborn or not answered):
            encoded = base64.b64encode(json.dumps(it.claims).encode()).decode()
            headers = {"WWW-Authenticate": _HEADER.format(login, graph_app, encoded)}
            message = "Continuous access evaluation resulted in claims challenge with result: InteractionRequired."
            raise GraphError(401, "InvalidAuthenticationToken", message, headers=headers)
