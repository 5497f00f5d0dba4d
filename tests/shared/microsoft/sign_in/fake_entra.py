"""An HTTP client that replies as Entra does, and the sign-in that uses it."""

import json
import threading
from typing import Any
from urllib.parse import parse_qs

import jwt

from shared.http.client import Response
from shared.microsoft.sign_in import (
    AppCredential,
    Endpoints,
    SignIn,
)
from tests.waiting import HANGS_S

LOGIN = "https://login.microsoftonline.com"


TENANT = "11111111-1111-4111-8111-111111111111"


OTHER = "22222222-2222-4222-8222-222222222222"


def token(tenant_id: str = TENANT, **claims: Any) -> str:
    return jwt.encode({"tid": tenant_id, **claims}, "s" * 32, algorithm="HS256")


class Entra:
    """An HTTP client that answers as Entra does; ``metadata`` and ``answer`` may be changed."""

    def __init__(self, answer: Any = None) -> None:
        self.metadata: Any = None
        self.answer = answer or {"access_token": token(), "expires_in": 3600}
        self.posted: list[dict[str, str]] = []
        self.urls: list[str] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def send(self, method: str, url: str, *, body: bytes | None = None, **_: Any) -> Response:
        self.urls.append(url)
        if method == "GET":
            return _as_response(self.metadata or _metadata(url.split("/")[3]))
        self.posted.append({name: values[0] for name, values in parse_qs((body or b"").decode()).items()})
        self.may_answer.wait(HANGS_S)
        return _as_response(self.answer)


def _metadata(tenant: str, root: str = LOGIN) -> dict[str, str]:
    oauth = f"{root}/{tenant}/oauth2/v2.0"
    return {"issuer": "-", "authorization_endpoint": f"{oauth}/authorize", "token_endpoint": f"{oauth}/token"}


def _as_response(content: Any) -> Response:
    if isinstance(content, Exception):
        raise content
    if isinstance(content, Response):
        return content
    return Response(400 if "error" in content else 200, {}, json.dumps(content).encode())


def signer(entra: Entra, credential: AppCredential | None = None, cloud: str = "global", **more: Any) -> SignIn:
    return SignIn(
        endpoints=Endpoints.of_cloud(cloud),
        client_id="c0ffee00-0000-4000-8000-000000000003",
        credential=credential or AppCredential.secret("the-secret"),
        http_client=entra,  # type: ignore[arg-type]
        **more,
    )
