"""The way out and the sign-in: limits that hold, and Entra's refusals by their codes."""

import json
import socket
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from local.microsoft.cloud import Running
from shared.crypto.tokens import KeySet, KeysUnavailable, TokenInvalid, unverified_claims
from shared.http.client import HttpClient, Response, Unreachable
from shared.microsoft.graph import MicrosoftError, Throttled, Transient
from shared.microsoft.sign_in import (
    AppCredential,
    Endpoints,
    OperatorFault,
    RefusalKind,
    SignIn,
    SignInRefused,
    token_roles,
)
from shared.microsoft.sign_in.refusals import error_of_refusal, refusal_from_response

CLIENT_ID = "c0ffee00-0000-4000-8000-000000000001"


def test_a_body_that_drips_is_given_up_at_the_deadline(microsoft: Running) -> None:
    microsoft.world.fault(host="graph", kind="drip")
    with pytest.raises(Unreachable, match="slowly"):  # what drips goes on for minutes
        HttpClient(ca_file=microsoft.ca_file).send("GET", f"{microsoft.graph_url}/v1.0/users", within_s=2)


def test_redirects_are_answers_and_not_followed(microsoft: Running) -> None:
    microsoft.world.fault(host="graph", status=302, headers={"Location": "https://evil.example/"}, times=1)

    answer = HttpClient(ca_file=microsoft.ca_file).send("GET", f"{microsoft.graph_url}/v1.0/users")

    assert answer.status == 302


def test_a_stranger_with_another_certificate_is_not_talked_to(microsoft: Running) -> None:
    assert HttpClient(ca_file=microsoft.ca_file).send("GET", f"{microsoft.graph_url}/v1.0/users").status == 401
    with pytest.raises(Unreachable, match="SSLCertVerificationError"):
        HttpClient().send("GET", f"{microsoft.graph_url}/v1.0/users")


def test_a_port_nobody_listens_on_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(Unreachable):
        HttpClient().send("GET", f"https://127.0.0.1:{port}/")


@pytest.mark.parametrize(
    ("told", "kind", "error"),
    [
        ({"error": "invalid_grant", "error_codes": [65001]}, RefusalKind.CONSENT_MISSING, SignInRefused),
        ({"error": "unauthorized_client", "error_codes": [700016]}, RefusalKind.APP_NOT_FOUND, SignInRefused),
        ({"error": "invalid_client", "error_codes": [7000229]}, RefusalKind.APP_NOT_FOUND, SignInRefused),
        ({"error": "invalid_client", "error_codes": [7000222]}, RefusalKind.OUR_CREDENTIAL, OperatorFault),
        ({"error": "invalid_client"}, RefusalKind.OUR_CREDENTIAL, OperatorFault),
        ({"error": "invalid_grant", "error_codes": [501481]}, RefusalKind.OUR_REQUEST, OperatorFault),
        ({"error": "interaction_required", "error_codes": [53003]}, RefusalKind.POLICY, SignInRefused),
        ({"error": "invalid_grant", "error_codes": [50076]}, RefusalKind.MFA, SignInRefused),
        ({"error": "invalid_grant", "error_codes": [1, 90033]}, RefusalKind.TRANSIENT, Transient),
        ({"error": "temporarily_unavailable"}, RefusalKind.TRANSIENT, Transient),
        ({"error": "x", "error_codes": [90055]}, RefusalKind.THROTTLED, Throttled),
        ({"error": "invalid_grant", "error_codes": [424242]}, RefusalKind.OTHER, SignInRefused),
        ({"error": 7, "error_codes": "x"}, RefusalKind.OTHER, SignInRefused),
        ({}, RefusalKind.OTHER, SignInRefused),
    ],
    ids=str,
)
def test_a_refusal_is_sorted_by_code_then_by_word(
    told: dict[str, Any], kind: RefusalKind, error: type[MicrosoftError]
) -> None:
    read = refusal_from_response(told)

    assert read.kind is kind
    assert type(error_of_refusal(read)) is error


def test_a_refusals_text_is_never_kept() -> None:
    told = {
        "error": "invalid_grant",
        "error_codes": [65001],
        "error_description": "secret words",
        "correlation_id": "c-1",
    }

    error = error_of_refusal(refusal_from_response(told))

    assert error.evidence() == {"error": "invalid_grant", "code": "AADSTS65001", "correlation_id": "c-1"}
    assert "secret" not in str(error)


def signer(microsoft: Running, credential: AppCredential | None = None) -> SignIn:
    return SignIn(
        endpoints=Endpoints(microsoft.login_url, microsoft.graph_url, microsoft.partner_url),
        client_id=CLIENT_ID,
        credential=credential or AppCredential.secret("s"),
        http_client=HttpClient(ca_file=microsoft.ca_file),
    )


@pytest.fixture
def tenant(microsoft: Running) -> dict[str, str]:
    microsoft.world.register_app(client_id=CLIENT_ID, secret="s", app_roles=["User.Read.All"])
    made: dict[str, str] = microsoft.world.add_tenant(name="Contoso")
    microsoft.world.consent(tenant_id=made["id"], client_id=CLIENT_ID)
    return made


def token_requests(microsoft: Running) -> int:
    return sum(it["path"].endswith("/token") for it in microsoft.world.requests(host="login"))


def test_a_token_is_kept_until_it_is_forgotten_or_a_fresh_one_is_wanted(
    microsoft: Running, tenant: dict[str, str]
) -> None:
    client = signer(microsoft)
    first = client.app_token(tenant["id"])

    assert client.app_token(tenant["id"]) == first
    assert token_roles(first) == {"User.Read.All"}
    assert token_requests(microsoft) == 1
    client.app_token(tenant["id"], fresh=True)
    client.forget(tenant["id"])
    client.app_token(tenant["id"])
    assert token_requests(microsoft) == 3


def test_a_token_near_its_end_is_renewed(microsoft: Running, tenant: dict[str, str]) -> None:
    microsoft.world.switch(access_token_life_s=299)
    client = signer(microsoft)

    client.app_token(tenant["id"])
    client.app_token(tenant["id"])

    assert token_requests(microsoft) == 2


def test_a_refusal_is_not_repeated_from_memory(microsoft: Running, tenant: dict[str, str]) -> None:
    client = signer(microsoft)
    microsoft.world.revoke_consent(tenant_id=tenant["id"], client_id=CLIENT_ID)
    with pytest.raises(SignInRefused):
        client.app_token(tenant["id"])

    microsoft.world.consent(tenant_id=tenant["id"], client_id=CLIENT_ID)

    assert client.app_token(tenant["id"])


@pytest.mark.parametrize("kind", ["hang", "reset", "html", "truncate"])
def test_an_entra_that_answers_badly_is_a_passing_fault(microsoft: Running, tenant: dict[str, str], kind: str) -> None:
    fault = (
        {"kind": kind, "path": "/token"}
        if kind != "hang"
        else {"status": 429, "headers": {"Retry-After": "7"}, "path": "/token"}
    )
    microsoft.world.fault(host="login", times=None, **fault)

    with pytest.raises(Transient) as caught:
        signer(microsoft).app_token(tenant["id"])
    if kind == "hang":
        assert caught.value.wait_s == 7.0


def certificate() -> tuple[str, str]:
    """A key with its certificate, and the certificate alone."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "us")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    return private + pem, pem


def test_a_certificate_proves_the_application(microsoft: Running, tenant: dict[str, str]) -> None:
    (ours, public), (strangers, _) = certificate(), certificate()
    microsoft.world.register_app(client_id=CLIENT_ID, certificate=public)

    one_line = AppCredential.certificate(ours.replace("\n", "\\n"))
    assert signer(microsoft, one_line).app_token(tenant["id"])
    with pytest.raises(OperatorFault):
        signer(microsoft, AppCredential.certificate(strangers)).app_token(tenant["id"])
    with pytest.raises(OperatorFault):
        signer(microsoft, AppCredential.secret("wrong")).app_token(tenant["id"])


def test_a_managed_identity_is_asked_for_an_assertion_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Identity:
        def __init__(self, client_id: str) -> None:
            self.client_id = client_id

        def get_token(self, scope: str) -> Any:
            return type("Token", (), {"token": f"{self.client_id} for {scope}"})

    monkeypatch.setattr("azure.identity.ManagedIdentityCredential", Identity)

    made = AppCredential.managed_identity("me").make()

    assert made == {"client_assertion": "me for api://AzureADTokenExchange/.default"}


@pytest.mark.parametrize("cloud", ["global", "usgov", "usgov-dod", "china"])
def test_every_cloud_has_its_own_addresses(cloud: str) -> None:
    endpoints = Endpoints.of_cloud(cloud)

    assert all(address.startswith("https://") and not address.endswith("/") for address in endpoints)


class Keys:
    """An HTTP client that serves a key document, or fails."""

    def __init__(self, *bodies: bytes | Exception) -> None:
        self.bodies = list(bodies)
        self.asked = 0

    def send(self, *_: Any, **__: Any) -> Response:
        self.asked += 1
        body = self.bodies[min(self.asked, len(self.bodies)) - 1]
        if isinstance(body, Exception):
            raise body
        return Response(200, {}, body)


def document(*names: str) -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    from jwt.algorithms import RSAAlgorithm  # noqa: PLC0415 - only here

    told = json.loads(RSAAlgorithm.to_jwk(key))
    return json.dumps({"keys": [{**told, "kid": name, "use": "sig"} for name in names]}).encode()


def test_unknown_keys_are_looked_for_once_a_minute_and_known_ones_kept() -> None:
    now = [0.0]
    http = Keys(document("a"), document("a", "b"), Unreachable("x"))
    keys = KeySet("https://k.example", http, lambda: now[0])  # type: ignore[arg-type]

    assert keys.find("a") is not None
    assert keys.find("b") is None
    assert http.asked == 1
    now[0] = 61.0
    assert keys.find("b") is not None
    now[0] = 90_000.0
    assert keys.find("a") is not None, "the last good keys serve on while the address is out"
    assert http.asked == 3


@pytest.mark.parametrize("body", [Unreachable("x"), b"<html>", b"{}", b'{"keys":[{"kty":"RSA","kid":"a"}]}'])
def test_keys_that_were_never_fetched_are_unavailable(body: Any) -> None:
    with pytest.raises(KeysUnavailable):
        KeySet("https://k.example", Keys(body)).find("a")  # type: ignore[arg-type]


def test_what_is_no_token_has_no_claims() -> None:
    assert token_roles("x.y.z") == frozenset()
    with pytest.raises(TokenInvalid):
        unverified_claims("x")
