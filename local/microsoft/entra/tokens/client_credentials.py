"""How an application proves itself: a secret, or an assertion signed with a registered certificate.

Source: https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

import base64
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from local.microsoft.entra.errors import EntraError
from local.microsoft.world.state import App

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_REQUIRED = ["exp", "jti", "aud", "iss", "sub"]
_THUMBPRINTS: tuple[tuple[str, str, hashes.HashAlgorithm], ...] = (
    ("x5t#S256", "PS256", hashes.SHA256()),
    ("x5t#S256", "RS256", hashes.SHA256()),
    ("x5t", "RS256", hashes.SHA1()),  # noqa: S303 - the older thumbprint that Entra still takes
)


def authenticate_client(app: App, form: dict[str, str], audiences: list[str], now: float) -> str:
    """Check the credential; returns its class for the ``appidacr`` claim: "1" a secret, "2" a certificate."""
    if form.get("client_secret"):
        _check_secret(app, form["client_secret"])
        return "1"
    if form.get("client_assertion_type") == _ASSERTION_TYPE and form.get("client_assertion"):
        _check_assertion(app, form["client_assertion"], audiences, now)
        return "2"
    text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
    raise EntraError("invalid_client", 7000218, text)


def _check_secret(app: App, secret: str) -> None:
    if secret in app.secrets:
        return
    if secret in app.expired_secrets:
        raise EntraError("invalid_client", 7000222, "The provided client secret keys are expired.")
    raise EntraError("invalid_client", 7000215, f"Invalid client secret provided for app '{app.client_id}'.")


def _check_assertion(app: App, assertion: str, audiences: list[str], now: float) -> None:
    certificate = _certificate(app, assertion)
    if certificate is None:
        raise EntraError(
            "invalid_client", 700027, "The certificate with the thumbprint of the assertion is not registered."
        )
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise EntraError("invalid_client", 700027, "The registered certificate holds no RSA key.")
    options: Any = {"require": _REQUIRED, "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims = jwt.decode(assertion, key, ["PS256", "RS256"], options=options, audience=audiences)
    except jwt.InvalidAudienceError as error:
        raise EntraError(
            "invalid_client", 700023, "The audience of the client assertion is not this endpoint."
        ) from error
    except jwt.PyJWTError as error:
        raise EntraError("invalid_client", 700027, "Client assertion failed signature validation.") from error
    if {claims["iss"], claims["sub"]} != {app.client_id}:
        raise EntraError("invalid_client", 700021, "The issuer and subject of the client assertion are not the client.")
    if not claims.get("nbf", 0) - 300 <= now <= claims["exp"] + 300:
        raise EntraError("invalid_client", 700024, "Client assertion is not within its valid time range.")


def _certificate(app: App, assertion: str) -> x509.Certificate | None:
    """The registered certificate that the assertion's header names by its thumbprint."""
    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.PyJWTError:
        return None
    for name, algorithm, digest in _THUMBPRINTS:
        for pem in app.certificates:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            thumbprint = base64.urlsafe_b64encode(certificate.fingerprint(digest)).decode().rstrip("=")
            if header.get("alg") == algorithm and str(header.get(name, "")).rstrip("=") == thumbprint:
                return certificate
    return None
