"""App-only tokens: whose they are, how long they are kept, and what an Entra that misbehaves means (A31, A41)."""

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest

from shared.http.client import Response, Unreachable
from shared.microsoft.graph import Throttled, Transient
from shared.microsoft.sign_in import (
    AppCredential,
    Endpoints,
    OperatorFault,
    RefusalKind,
    SignIn,
    SignInRefused,
    WrongTenantToken,
    token_roles,
)
from shared.microsoft.sign_in.identity import IdentityTokenInvalid, identity_of, nonce_hash
from shared.microsoft.sign_in.token_cache import TokenCache
from tests.waiting import HANGS_S, until

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


def _as_response(told: Any) -> Response:
    if isinstance(told, Exception):
        raise told
    if isinstance(told, Response):
        return told
    return Response(400 if "error" in told else 200, {}, json.dumps(told).encode())


def signer(entra: Entra, credential: AppCredential | None = None, cloud: str = "global", **more: Any) -> SignIn:
    return SignIn(
        endpoints=Endpoints.of_cloud(cloud),
        client_id="c0ffee00-0000-4000-8000-000000000003",
        credential=credential or AppCredential.secret("the-secret"),
        http_client=entra,  # type: ignore[arg-type]
        **more,
    )


def test_a_token_is_asked_for_as_entra_wants_it() -> None:
    entra = Entra()

    assert signer(entra).app_token(TENANT) == entra.answer["access_token"]
    assert entra.posted[0]["grant_type"] == "client_credentials"
    assert entra.posted[0]["scope"] == "https://graph.microsoft.com/.default"
    assert {url.split("/")[2:4][1] for url in entra.urls} == {TENANT}


@pytest.mark.parametrize("broken", ["", "half\ufffd", "two\nlines"])
def test_a_broken_token_is_a_fault_that_passes(broken: str) -> None:
    with pytest.raises(Transient):
        signer(Entra({"access_token": broken, "expires_in": 3600})).app_token(TENANT)


@pytest.mark.parametrize("wrong", [token(OTHER), token(""), "not.a.token"])
def test_another_tenants_token_is_never_given_out(wrong: str) -> None:
    client = signer(Entra({"access_token": wrong, "expires_in": 3600}))

    for _ in range(2):
        with pytest.raises(WrongTenantToken):
            client.app_token(TENANT)


def test_an_upper_case_tenant_claim_is_the_same_tenant() -> None:
    assert signer(Entra({"access_token": token(TENANT.upper()), "expires_in": 3600})).app_token(TENANT)


def html(status: int) -> Response:
    return Response(status, {"content-type": "text/html"}, b"<html>")


ODD = [
    Unreachable("x"), html(200), html(302), html(400), html(403), html(404), html(500), html(503),
    Response(200, {}, b""), Response(200, {}, b'{"access_token": "ey'), Response(200, {}, b"[]"),
    Response(200, {}, b"[" * 60_000), Response(200, {}, b"\xff"), Response(200, {}, b"{}"), Response(400, {}, b"{}"),
    Response(200, {}, b'{"access_token": 7}'), Response(200, {}, b'{"access_token": null, "expires_in": 3600}'),
    Response(400, {}, b'{"error": 7}'), Response(302, {}, b'{"error": "invalid_client"}'),
    Response(503, {}, b'{"error": "invalid_client"}'),
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("where", ["metadata", "answer"])
def test_an_entra_that_makes_no_sense_is_a_fault_that_passes(odd: Any, where: str) -> None:
    entra = Entra()
    setattr(entra, where, odd)

    with pytest.raises(Transient):
        signer(entra).app_token(TENANT)


@pytest.mark.parametrize("where", [0, 1], ids=["its header", "its claims"])
def test_an_id_token_that_nests_without_end_is_a_fault_that_passes(where: int) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 6000 + b"]" * 6000).decode().rstrip("=")
    parts = ["e30", "e30", "AA"]
    parts[where] = deep
    told = {"access_token": token(TENANT), "refresh_token": "r", "expires_in": 3600, "id_token": ".".join(parts)}

    with pytest.raises((Transient, IdentityTokenInvalid)):
        signer(Entra(told)).redeem(code="c", redirect_uri="https://x", nonce="n", verifier="v", scopes=["openid"])
    if where == 1:
        with pytest.raises(Transient):
            signer(Entra(told)).renew("r", tenant_id=TENANT, resource="https://graph.microsoft.com")


def test_no_log_line_holds_what_entra_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for odd in (Response(200, {}, b'{"access_token": "canary'), Response(400, {}, b'{"error": "canary", "x": ')):
        with pytest.raises(Transient):
            signer(Entra(odd)).app_token(TENANT)

    assert "canary" not in caplog.text
    assert "the-secret" not in caplog.text


@pytest.mark.parametrize("where", ["metadata", "answer"])
@pytest.mark.parametrize(
    ("header", "wait_s"), [({"retry-after": "7.5"}, 7.5), ({}, None), ({"retry-after": "1e9"}, 900.0)]
)
def test_throttling_says_how_long_to_wait(where: str, header: dict[str, str], wait_s: float | None) -> None:
    entra = Entra()
    setattr(entra, where, Response(429, header, b""))

    with pytest.raises(Throttled) as caught:
        signer(entra).app_token(TENANT)
    assert caught.value.wait_s == wait_s


@pytest.mark.parametrize(
    "refusal",
    [
        {"error": "invalid_tenant", "error_description": "AADSTS90002: no such tenant"},
        {"error": "invalid_request", "error_codes": [90002]},
    ],
)
def test_an_unknown_tenant_is_known_by_its_metadata(refusal: dict[str, Any]) -> None:
    entra = Entra()
    entra.metadata = refusal

    with pytest.raises(SignInRefused) as caught:
        signer(entra).app_token(TENANT)
    assert caught.value.refusal.kind is RefusalKind.TENANT_NOT_FOUND
    assert entra.posted == []


def test_our_secret_goes_to_entras_own_hosts_only() -> None:
    entra = Entra()
    for root in ("https://evil.example", "http://login.microsoftonline.com", f"{LOGIN}.evil.example", f"{LOGIN}@evil"):
        entra.metadata = _metadata(TENANT, root)
        with pytest.raises(Transient):
            signer(entra).app_token(TENANT)

    assert entra.posted == []


def test_the_chinese_cloud_speaks_of_itself_by_two_names() -> None:
    entra = Entra()
    entra.metadata = _metadata(TENANT, "https://login.partner.microsoftonline.cn")

    assert signer(entra, cloud="china").app_token(TENANT)


def test_an_operators_fault_is_told_apart_from_a_tenants() -> None:
    with pytest.raises(OperatorFault):
        signer(Entra({"error": "invalid_client", "error_codes": [7000222]})).app_token(TENANT)
    with pytest.raises(SignInRefused) as caught:
        signer(Entra({"error": "unauthorized_client", "error_codes": [700016]})).app_token(TENANT)
    assert not isinstance(caught.value, OperatorFault)


def test_an_assertion_of_a_trusted_identity_is_made_for_every_question() -> None:
    entra, made = Entra(), []

    def assertion() -> str:
        made.append(1)
        return f"assertion-{len(made)}"

    client = signer(entra, AppCredential.federated(assertion))
    client.app_token(TENANT)
    client.app_token(TENANT, fresh=True)

    assert [it["client_assertion"] for it in entra.posted] == ["assertion-1", "assertion-2"]
    assert "client_secret" not in entra.posted[0]


def test_an_identity_that_gives_no_token_is_no_tenants_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415 - only here

    class Silent:
        def __init__(self, client_id: str) -> None: ...

        def get_token(self, _scope: str) -> None:
            raise ClientAuthenticationError

    monkeypatch.setattr("azure.identity.ManagedIdentityCredential", Silent)

    with pytest.raises(Transient, match="managed identity"):
        signer(Entra(), AppCredential.managed_identity("me")).app_token(TENANT)


@pytest.mark.parametrize("pem", ["", "text", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"])
def test_a_certificate_that_cannot_be_used_is_refused_at_the_start(pem: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        AppCredential.certificate(pem)


def test_threads_that_want_one_tenants_token_share_one_request() -> None:
    entra = Entra()
    client = signer(entra)
    entra.may_answer.clear()
    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(client.app_token, TENANT) for _ in range(8)]
        until(lambda: len(entra.posted) == 1)
        entra.may_answer.set()
        assert len({it.result() for it in waiting}) == 1
    assert len(entra.posted) == 1


def test_a_fresh_token_is_one_that_was_asked_for_later() -> None:
    """A token under way when a consent comes does not know of it."""
    entra = Entra()
    client = signer(entra)
    entra.may_answer.clear()
    with ThreadPoolExecutor(8) as pool:
        before = pool.submit(client.app_token, TENANT)
        until(lambda: len(entra.posted) == 1)
        after = [pool.submit(client.app_token, TENANT, fresh=True) for _ in range(6)]
        until(lambda: all(it.running() for it in after))
        time.sleep(0.2)  # until the last of them has come to where they wait
        entra.answer = {"access_token": token(roles=["User.Read.All"]), "expires_in": 3600}
        entra.may_answer.set()
        before.result()
        assert {token_roles(it.result()) for it in after} == {frozenset({"User.Read.All"})}
    assert len(entra.posted) == 2, "the six shared one"


def test_two_thousand_tenants_are_kept_and_the_one_unused_longest_goes_first() -> None:
    cache, fetched = TokenCache(lambda: 0.0), []

    def of(tenant_id: str) -> str:
        def fetch() -> tuple[str, float]:
            fetched.append(tenant_id)
            return f"token of {tenant_id}", 3600.0

        return cache.get(tenant_id, fetch, fresh=False)

    for number in range(2000):
        of(str(number))
    of("0")
    of("new")
    fetched.clear()

    assert of("0") == "token of 0"
    assert of("1") == "token of 1"
    assert fetched == ["1"]


def test_a_token_is_renewed_five_minutes_before_it_ends() -> None:
    now = [0.0]
    entra = Entra()
    client = signer(entra, monotonic=lambda: now[0])

    for moment, requests in ((0.0, 1), (3299.0, 1), (3301.0, 2)):
        now[0] = moment
        client.app_token(TENANT)
        assert len(entra.posted) == requests


@pytest.mark.parametrize("claims", [{}, {"roles": "User.Read.All"}, {"roles": [7, None]}])
def test_a_token_without_roles_has_none(claims: dict[str, Any]) -> None:
    assert token_roles(token(**claims)) == frozenset()


class Signed:
    """Keys of one issuer, and ID tokens that it signs."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - only here

        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def find(self, _key_id: str) -> Any:
        return self._key.public_key()

    def identity(self, roots: tuple[str, ...] = (LOGIN,), **changes: Any) -> Any:
        now = int(time.time())
        claims = {
            "iss": f"{LOGIN}/{TENANT}/v2.0", "aud": "us", "sub": "s", "tid": TENANT, "oid": OTHER, "iat": now,
            "nbf": now, "exp": now + 60, "nonce": nonce_hash("n"), **changes,
        }  # fmt: skip
        told = {name: value for name, value in claims.items() if value is not ...}
        made = jwt.encode(told, self._key, algorithm="RS256", headers={"kid": "k"})
        return identity_of(made, keys=self, client_id="us", nonce="n", roots=roots)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def issuer() -> Signed:
    return Signed()


@pytest.mark.parametrize(
    ("claims", "is_guest"),
    [
        ({}, False),
        ({"acct": 0}, False),
        ({"acct": 1}, True),
        ({"idp": f"{LOGIN}/{TENANT}/v2.0"}, False),
        ({"idp": f"https://sts.windows.net/{TENANT}/"}, False),
        ({"idp": f"https://sts.windows.net/{OTHER}/"}, True),
        ({"idp": "live.com"}, True),
        ({"acct": 0, "idp": "live.com"}, True),
        ({"idp": None}, False),
    ],
    ids=str,
)
def test_a_guest_shows_in_either_of_two_claims(issuer: Signed, claims: dict[str, Any], is_guest: bool) -> None:
    assert issuer.identity(**claims).is_guest is is_guest


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": "contoso.example", "iss": f"{LOGIN}/contoso.example/v2.0"}, {"oid": "x"}, {"oid": 7}, {"tid": True},
        {"iss": f"{LOGIN}/{TENANT}/"}, {"iss": f"https://sts.windows.net/{TENANT}/"}, {"nonce": "n"}, {"sub": []},
        {"nbf": "0"}, {"nbf": ...}, {"sub": ...}, {"tid": f"{{{TENANT}}}"},
    ],
    ids=str,
)  # fmt: skip
def test_an_id_token_with_one_odd_claim_is_refused(issuer: Signed, claims: dict[str, Any]) -> None:
    with pytest.raises(IdentityTokenInvalid):
        issuer.identity(**claims)


def test_ids_come_in_lower_case_and_odd_texts_are_left_out(issuer: Signed) -> None:
    identity = issuer.identity(oid=OTHER.upper(), name=7, preferred_username="x" * 999, wids=["A-B", 7])

    assert (identity.object_id, identity.name, len(identity.username)) == (OTHER, "", 256)
    assert identity.roles == {"a-b"}


def test_the_issuers_second_name_counts_only_in_its_own_cloud(issuer: Signed) -> None:
    partner = "https://login.partner.microsoftonline.cn"
    claims = {"iss": f"{partner}/{TENANT}/v2.0"}

    assert issuer.identity(roots=Endpoints.of_cloud("china").login_roots, **claims)
    with pytest.raises(IdentityTokenInvalid):
        issuer.identity(roots=Endpoints.of_cloud("global").login_roots, **claims)
