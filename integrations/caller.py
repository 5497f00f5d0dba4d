"""Who calls our API: a portal token, checked against the portal's issuer, audience and keys."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.domain.ids import PORTAL_ID
from shared.crypto.tokens import KeySet, TokenInvalid, verify
from shared.errors import Unauthenticated

_WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:@|-]{0,127}")  # the portal's names of roles and plans
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,256}")
_LONGEST_LIFE_S = 15 * 60
_MOST_BYTES = 8 * 1024
_LEEWAY_S = 60  # clocks differ; the lifetime of 15 minutes is computed from the token's own claims


@dataclass(frozen=True, slots=True)
class Caller:
    """A portal user. ``role`` and ``plan`` are the portal's, as of ``issued_at``."""

    user_id: str
    account_id: str
    role: str
    plan: str
    name: str
    issued_at: datetime

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
                issuer=self._issuer,
                audience=self._audience,
                required=("iss", "sub", "account_id", "role", "plan"),
                leeway_s=_LEEWAY_S,
            )
        except TokenInvalid as error:
            raise _refused(str(error)) from error
        if not 0 < claims["exp"] - claims["iat"] <= _LONGEST_LIFE_S:
            raise _refused("lives longer than 15 minutes")
        return _caller_of(claims)


def _bearer(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("No portal token was sent.")
    if len(token) > _MOST_BYTES:
        raise _refused("is too long")
    return token


def _caller_of(claims: dict[str, Any]) -> Caller:
    for form, names in ((PORTAL_ID, ("sub", "account_id")), (_WORDS, ("role", "plan"))):
        for claim in names:
            if not form.fullmatch(claims[claim]):
                raise _refused(f"has no usable {claim}")
    name = claims.get("name")
    return Caller(
        user_id=claims["sub"],
        account_id=claims["account_id"],
        role=claims["role"],
        plan=claims["plan"],
        name=name if isinstance(name, str) and _NAME.fullmatch(name) else "",
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
    )


def _refused(check: str) -> Unauthenticated:
    return Unauthenticated(f"The portal token {check}.", code="token_invalid")
