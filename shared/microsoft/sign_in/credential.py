"""The credential of our application at Entra: a managed identity, a certificate, or a client secret.

Source: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
"""

from collections.abc import Callable
from typing import Any

from azure.core.exceptions import AzureError
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from shared.microsoft.graph.errors import Transient
from shared.microsoft.sign_in.codes import RefusalKind
from shared.microsoft.sign_in.refusals import OperatorFault, Refusal

_AUDIENCE = "api://AzureADTokenExchange/.default"


class AppCredential:
    """msal's ``client_credential``; ``make`` creates it anew for each request, since assertions expire."""

    def __init__(self, make: Callable[[], str | dict[str, Any]]) -> None:
        self.make = make

    @classmethod
    def first_of(cls, *, secret: str, certificate: str, managed_identity: str) -> "AppCredential":
        """The credential that is not empty; ``managed_identity`` is the identity's client id.

        Raises:
            ValueError: the certificate is malformed.
        """
        if secret:
            return cls.secret(secret)
        return cls.certificate(certificate) if certificate else cls.managed_identity(managed_identity)

    @classmethod
    def missing(cls) -> "AppCredential":
        """No credential: every token request fails with OperatorFault, before anything is sent."""

        def make() -> str:
            raise OperatorFault(Refusal(RefusalKind.OUR_CREDENTIAL, "registration_not_configured"))

        return cls(make)

    @classmethod
    def secret(cls, secret: str) -> "AppCredential":
        return cls(lambda: secret)

    @classmethod
    def certificate(cls, pem: str) -> "AppCredential":
        r"""A PEM text with the private key and its certificate; a literal ``\n`` may stand for a line break.

        Raises:
            ValueError: one of the two is missing or malformed.
        """
        text = pem.replace("\\n", "\n")
        x509.load_pem_x509_certificate(text.encode())
        serialization.load_pem_private_key(text.encode(), password=None)
        # Without a thumbprint msal computes the SHA-256 one and signs with PS256, as Entra prefers.
        credential = {"private_key": text, "public_certificate": text[text.index("-----BEGIN CERTIFICATE-----") :]}
        return cls(lambda: dict(credential))

    @classmethod
    def federated(cls, assertion: Callable[[], str]) -> "AppCredential":
        """A token of another issuer that the application trusts; ``assertion`` fetches it."""
        return cls(lambda: {"client_assertion": assertion()})

    @classmethod
    def managed_identity(cls, client_id: str) -> "AppCredential":
        """A user-assigned managed identity that the application trusts, so that there is no secret at all."""
        from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 - costs start-up time elsewhere

        identity = ManagedIdentityCredential(client_id=client_id)

        def assertion() -> str:
            try:
                return str(identity.get_token(_AUDIENCE).token)
            except AzureError as error:  # our own platform's fault: no tenant's status may change because of it
                raise Transient("the managed identity gave no token") from error

        return cls.federated(assertion)
