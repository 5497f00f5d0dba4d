"""App-only tokens and credentials, against the simulated Microsoft cloud."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from local.microsoft.cloud import Running
from shared.crypto.tokens import TokenInvalid, unverified_claims
from shared.http.client import HttpClient
from shared.microsoft.graph import Transient
from shared.microsoft.sign_in import (
    AppCredential,
    Endpoints,
    OperatorFault,
    SignIn,
    SignInRefused,
    token_roles,
)

CLIENT_ID = "c0ffee00-0000-4000-8000-000000000001"


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
def test_an_entra_that_responds_badly_is_a_transient_fault(
    microsoft: Running, tenant: dict[str, str], kind: str
) -> None:
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


def test_a_managed_identity_issues_the_assertion_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Identity:
        def __init__(self, client_id: str) -> None:
            self.client_id = client_id

        def get_token(self, scope: str) -> Any:
            return type("Token", (), {"token": f"{self.client_id} for {scope}"})

    monkeypatch.setattr("azure.identity.ManagedIdentityCredential", Identity)

    made = AppCredential.managed_identity("me").make()

    assert made == {"client_assertion": "me for api://AzureADTokenExchange/.default"}


def test_what_is_no_token_has_no_claims() -> None:
    assert token_roles("x.y.z") == frozenset()
    with pytest.raises(TokenInvalid):
        unverified_claims("x")
