"""How our application proves itself to Entra: a managed identity, a certificate, or a secret on one machine.

Source: https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity
"""

from collections.abc import Callable
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

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
        r"""A PEM text with the private key and its certificate; a literal ``\n`` may stand for a line break."""
        text = pem.replace("\\n", "\n")
        certificate = x509.load_pem_x509_certificate(text.encode())
        told = {
            "private_key": text,
            "thumbprint": certificate.fingerprint(hashes.SHA1()).hex(),  # noqa: S303 - names the key, protects nothing
            "public_certificate": text[text.index("-----BEGIN CERTIFICATE-----") :],
        }
        return cls(lambda: dict(told))

    @classmethod
    def managed_identity(cls, client_id: str) -> "AppCredential":
        """A user-assigned managed identity that the application trusts: there is no secret at all."""
        from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 - costs start-up time elsewhere

        identity = ManagedIdentityCredential(client_id=client_id)
        return cls(lambda: {"client_assertion": identity.get_token(_AUDIENCE).token})
