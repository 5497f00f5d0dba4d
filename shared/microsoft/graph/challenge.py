"""Continuous access evaluation: Graph wants a newer token than the one it was shown, and says which.

Source: https://learn.microsoft.com/entra/identity-platform/claims-challenge
"""

import base64
import binascii
import re
from collections.abc import Mapping

import msgspec

_PARAMETER = re.compile(r'([a-z_]{1,40})\s*=\s*"([^"]{0,8192})"', re.IGNORECASE)


def claims_of(headers: Mapping[str, str]) -> str:
    """The claims, as JSON, that a new token must be asked for with; "" when it is no such challenge.

    ``headers`` are lower-case. Several challenges may share the header, in any order.
    """
    told = headers.get("www-authenticate", "")
    if "insufficient_claims" not in told:
        return ""
    named = (value for name, value in _PARAMETER.findall(told) if name.lower() == "claims")
    return next((claims for it in named if (claims := _read(it))), "")


def _read(encoded: str) -> str:
    """Both alphabets of base64 are seen, with padding and without."""
    try:
        raw = base64.b64decode(encoded.replace("-", "+").replace("_", "/") + "=" * (-len(encoded) % 4), validate=True)
        claims = msgspec.json.decode(raw, type=dict[str, dict[str, object]])
    except (binascii.Error, ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return ""
    return msgspec.json.encode(claims).decode() if claims else ""
