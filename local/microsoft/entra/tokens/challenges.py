"""Continuous access evaluation: Graph demands a newer token, in words that only the token endpoint understands.

Only who declared the capability "cp1" is challenged; others keep their tokens until these end.
Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
"""

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from local.microsoft.graph.protocol.errors import GraphError

_CAPABLE = "cp1"
_HEADER = (
    'Bearer realm="", authorization_uri="{}/common/oauth2/authorize", client_id="{}", '
    'error="insufficient_claims", claims="{}"'
)


@dataclass
class ClaimsDemand:
    """Requests of a tenant whose path fits need a token for ``claims``; a ``stubborn`` demand is never met."""

    path: str
    claims: dict[str, Any]
    stubborn: bool = False


def requested_claims(form: dict[str, str]) -> dict[str, Any]:
    """What a token request's ``claims`` put into the token: the capabilities, and the demand it answers."""
    claims = json.loads(form.get("claims") or "{}")
    demanded = dict(claims.get("access_token") or {})
    capabilities = demanded.pop("xms_cc", {}).get("values", [])
    token_claims = {"xms_cc": capabilities} if capabilities else {}
    return token_claims | ({"simulated_answers": demanded} if demanded else {})


def check_demands(demands: list[ClaimsDemand], token: dict[str, Any], path: str, login: str, graph_app: str) -> None:
    """Let the token pass, or raise the challenge that it does not answer."""
    if _CAPABLE not in token.get("xms_cc", ()):
        return
    for claims_demand in demands:
        answered = token.get("simulated_answers") == claims_demand.claims["access_token"]
        if re.search(claims_demand.path, path) and (claims_demand.stubborn or not answered):
            encoded = base64.b64encode(json.dumps(claims_demand.claims).encode()).decode()
            headers = {"WWW-Authenticate": _HEADER.format(login, graph_app, encoded)}
            message = "Continuous access evaluation resulted in claims challenge with result: InteractionRequired."
            raise GraphError(401, "InvalidAuthenticationToken", message, headers=headers)
