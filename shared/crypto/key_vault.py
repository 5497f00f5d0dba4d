"""The key-encryption key in Azure Key Vault, which the key never leaves and which logs each use of it.

Data keys are wrapped with the newest version of the key, which is looked up once an hour, and unwrapped with the
version that wrapped them, as long as it is enabled. To rotate the key, create a new version, and disable the old one
later.
Source: https://learn.microsoft.com/azure/key-vault/keys/about-keys-details
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError, HttpResponseError

from shared.crypto.envelopes import SealBroken
from shared.errors import Unavailable

T = TypeVar("T")

_VERSION_LOOKUP_EVERY_S = 3600.0
_CLIENT_LIMITS = {"connection_timeout": 3.0, "read_timeout": 5.0, "retry_total": 1}


class VaultUnavailable(Unavailable):
    """The vault does not respond, or not with a valid response; sealed values cannot be opened until it does."""

    code = "vault_unavailable"


class VaultKey:
    """A key of a vault, by its URL without a version: ``https://<vault>/keys/<name>``. Implements ``KeyEncryption``."""

    def __init__(
        self,
        address: str,
        credential: Any,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        **transport: Any,
    ) -> None:
        """Further arguments are passed to the SDK's client as they are."""
        self._address = address
        self._credential = credential
        self._monotonic = monotonic
        self._transport = {**_CLIENT_LIMITS, **transport}
        self._newest_version: tuple[Any, float] | None = None

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        def wrapped() -> tuple[str, bytes]:
            result = self._newest_client().wrap_key(_algorithm(), data_key)
            return str(result.key_id), bytes(result.encrypted_key)

        return _call_vault(wrapped)

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        if not self._is_ours(key_id):
            raise SealBroken("A stored secret names a key of another vault.")
        return _call_vault(lambda: bytes(self._client(key_id).unwrap_key(_algorithm(), wrapped).key))

    def _is_ours(self, key_id: str) -> bool:
        """Whether a stored key id belongs to our key: our token must not be sent to another vault."""
        stored, ours = urlsplit(key_id), urlsplit(self._address)
        return stored[:2] == ours[:2] and stored.path.startswith(f"{ours.path}/") and not stored.query

    def _newest_client(self) -> Any:
        if self._newest_version is None or self._newest_version[1] < self._monotonic():
            self._newest_version = (self._client(self._address), self._monotonic() + _VERSION_LOOKUP_EVERY_S)
        return self._newest_version[0]

    def _client(self, key_id: str) -> Any:
        from azure.keyvault.keys.crypto import CryptographyClient  # noqa: PLC0415 - costs start-up time elsewhere

        return CryptographyClient(key_id, self._credential, **self._transport)


def _algorithm() -> Any:
    from azure.keyvault.keys.crypto import KeyWrapAlgorithm  # noqa: PLC0415 - costs start-up time elsewhere

    return KeyWrapAlgorithm.rsa_oaep_256


def _call_vault(call: Callable[[], T]) -> T:
    try:
        return call()
    except HttpResponseError as error:
        if error.status_code in {400, 403, 404}:
            raise SealBroken(f"The vault refused: {error.status_code}") from error
        raise VaultUnavailable(f"The vault answered {error.status_code}") from error
    except AzureError as error:
        raise VaultUnavailable(f"The vault did not answer: {type(error).__name__}") from error
    except (
        ValueError,
        TypeError,
        AttributeError,
        LookupError,
    ) as error:  # what the SDK raises for a malformed response
        raise VaultUnavailable("The vault's answer makes no sense") from error
