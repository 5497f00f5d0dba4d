"""Who calls our API: a portal token, checked against the portal's issuer, audience and keys."""

import re
from dataclasses import dataclass

from shared.errors import Unauthenticated
from shared.tokens import KeySet, TokenInvalid, verify

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@|-]{0,127}")
_LONGEST_LIFE_S = 15 * 60
_MOST_BYTES = 8 * 1024
_LEEWAY_S = 60  # clocks differ; a life of 15 minutes is measured inside the token


@dataclass(frozen=True, slots=True)
class Caller:
    """A portal user. ``role`` and ``plan`` are the portal's words."""

    user_id: str
    account_id: str
    role: str
    plan: str
    name: str

    @property
    def is_administrator(self) -> bool:
        return self.role == "administrator"

    @property
    def on_team_plan(self) -> bool:
        return self.plan == "team"


class CallerVerifier:
    """Turns an Authorization header into a Caller, or refuses it."""

    def __init__(self, *, issuer: str, audience: str, keys: KeySet) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def caller(self, authorization: str | None) -> Caller:
        """The caller behind ``Bearer <token>``.

        Raises:
            Unauthenticated: no token, or one that fails a check; the detail names the check.
            KeysUnavailable: the portal's keys cannot be fetched.
        """
        token = _bearer(authorization)
        try:
            claims = verify(
                token,
                keys=self._keys,
                audience=self._audience,
                required=("iss", "sub", "account_id", "role", "plan"),
                leeway_s=_LEEWAY_S,
            )
        except TokenInvalid as error:
            raise Unauthenticated(f"The portal token {error}.", code="token_invalid") from error
        if claims["iss"] != self._issuer:
            raise Unauthenticated("The portal token comes from another issuer.", code="token_invalid")
        if not 0 < claims["exp"] - claims["iat"] <= _LONGEST_LIFE_S:
            raise Unauthenticated("The portal token lives longer than 15 minutes.", code="token_invalid")
        return _told(claims)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("No portal token was sent.")
    if len(token) > _MOST_BYTES:
        raise Unauthenticated("The portal token is too long.", code="token_invalid")
    return token


def _told(claims: dict[str, object]) -> Caller:
    words = {name: claims[name] for name in ("sub", "account_id", "role", "plan")}
    for name, word in words.items():
        if not isinstance(word, str) or not _ID.fullmatch(word):
            raise Unauthenticated(f"The portal token's {name} is not usable.", code="token_invalid")
    display_name = claims.get("name", "")
    return Caller(
        user_id=str(words["sub"]),
        account_id=str(words["account_id"]),
        role=str(words["role"]),
        plan=str(words["plan"]),
        name=display_name[:256] if isinstance(display_name, str) else "",
    )
