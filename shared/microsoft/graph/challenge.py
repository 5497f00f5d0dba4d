"""Continuous access evaluation: Graph rejects a token and names the claims that a new one must have.

Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
"""

import base64
import binascii
import re
from collections.abc import Mapping

import msgspec

_PARAMETER = re.compile(r'([a-z_]{1,40})\s*=\s*"([^"]{0,8192})"', re.IGNORECASE)


def claims_of(headers: Mapping[str, str]) -> str:
    """The claims to request a new token with, as JSON; "" when the response is not a claims challenge.

    Header names are lower-case. WWW-Authenticate may hold several challenges, in any order.
    """
    challenge = headers.get("www-authenticate", "")
    if "insufficient_claims" not in challenge:
        return ""
    encoded = (value for name, value in _PARAMETER.findall(challenge) if name.lower() == "claims")
    return next((claims for it in encoded if (claims := _decode_claims(it))), "")


def _decode_claims(encoded: str) -> str:
    """Decode the claims; Microsoft uses both alphabets of base64, with padding and without."""
    try:
        raw = base64.b64decode(encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4), validate=True)
        claims = msgspec.json.decode(raw, type=dict[str, dict[str, object]])
    except (binascii.Error, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return ""
    return msgspec.json.encode(claims).decode() if claims else ""
