"""How our application proves itself to Entra: a managed identity, a certificate, or a secret on one machine.

Source: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
"""

from collections.abc import Callable
from typing import Any

from azure.core.exceptions import AzureError
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from shared.microsoft.graph.errors import Transient

_AUDIENCE = "api://AzureADTokenExchange/.default"


class AppCredential:
    """What msal is given as ``client_credential``; made anew for each sign-in, since assertions expire."""

    def __init__(self, make: Callable[[], str | dict[str, Any]]) -> None:
        self.make = make

    @classmethod
    def secret(cls, secret: str) -> "AppCredential":
        return cls(lambda: secret)

    @classmethod
    def certificate(cls, pem: str) -> "AppCredential":
        r"""A PEM text with the private key and its certificate; a literal ``\n`` may stand for a line break.

        Raises:
            ValueError: one of the two is missing or cannot be read.
        """
        text = pem.replace("\\n", "\n")
        x509.load_pem_x509_certificate(text.encode())
        serialization.load_pem_private_key(text.encode(), password=None)
        # Without a thumbprint of ours msal computes the SHA-256 one, and signs as Entra prefers it (PS256).
        told = {"private_key": text, "public_certificate": text[text.index("-----BEGIN CERTIFICATE-----") :]}
        return cls(lambda: dict(told))

    @classmethod
    def federated(cls, assertion: Callable[[], str]) -> "AppCredential":
        """A token of another issuer that the application trusts, fetched when it is needed."""
        return cls(lambda: {"client_assertion": assertion()})

    @classmethod
    def managed_identity(cls, client_id: str) -> "AppCredential":
        """A user-assigned managed identity that the application trusts: there is no secret at all."""
        from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 - costs start-up time elsewhere

        identity = ManagedIdentityCredential(client_id=client_id)

        def assertion() -> str:
            try:
                return str(identity.get_token(_AUDIENCE).token)
            except AzureError as error:  # our own platform's fault: no tenant's status may suffer for it
                raise Transient("the managed identity gave no token") from error

        return cls.federated(assertion)
