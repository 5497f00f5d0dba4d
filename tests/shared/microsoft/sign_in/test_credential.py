"""Our credential: assertions, managed identity, certificate."""

import pytest

from shared.microsoft.graph import Transient
from shared.microsoft.sign_in import (
    AppCredential,
)
from tests.shared.microsoft.sign_in.fake_entra import TENANT, Entra, signer


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
