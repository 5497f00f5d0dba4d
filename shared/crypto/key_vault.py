"""The key-encryption key in Azure Key Vault: it never leaves the vault, and every use of it is logged there.

New data keys are wrapped with the key's newest version, looked up once an hour; what an older version wrapped
opens as long as that version is enabled. So rotating is making a new version, and disabling the old one later.
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

_LOOK_AGAIN_S = 3600.0
_WITHIN = {"connection_timeout": 3.0, "read_timeout": 5.0, "retry_total": 1}


class VaultUnavailable(Unavailable):
    """The vault does not answer: what is sealed stays sealed until it does."""

    code = "vault_unavailable"


class VaultKey:
    """A key of a vault by its address without a version: ``https://<vault>/keys/<name>``."""

    def __init__(
        self,
        address: str,
        credential: Any,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        **transport: Any,
    ) -> None:
        """``transport`` goes to the vault's client as it is; tests lead it to a vault of their own."""
        self._address = address
        self._credential = credential
        self._monotonic = monotonic
        self._transport = {**_WITHIN, **transport}
        self._newest: tuple[Any, float] | None = None

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        def wrapped() -> tuple[str, bytes]:
            it = self._writer().wrap_key(_algorithm(), data_key)
            return str(it.key_id), bytes(it.encrypted_key)

        return _asked(wrapped)

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        if not self._is_ours(key_id):
            raise SealBroken("A stored secret names a key of another vault.")
        return _asked(lambda: bytes(self._client(key_id).unwrap_key(_algorithm(), wrapped).key))

    def _is_ours(self, key_id: str) -> bool:
        """Our token goes to our vault only, whatever a stored value says."""
        given, ours = urlsplit(key_id), urlsplit(self._address)
        return given[:2] == ours[:2] and given.path.startswith(f"{ours.path}/") and not given.query

    def _writer(self) -> Any:
        if self._newest is None or self._newest[1] < self._monotonic():
            self._newest = (self._client(self._address), self._monotonic() + _LOOK_AGAIN_S)
        return self._newest[0]

    def _client(self, key_id: str) -> Any:
        from azure.keyvault.keys.crypto import CryptographyClient  # noqa: PLC0415 - costs start-up time elsewhere

        return CryptographyClient(key_id, self._credential, **self._transport)


def _algorithm() -> Any:
    from azure.keyvault.keys.crypto import KeyWrapAlgorithm  # noqa: PLC0415 - costs start-up time elsewhere

    return KeyWrapAlgorithm.rsa_oaep_256


def _asked(question: Callable[[], T]) -> T:
    try:
        return question()
    except HttpResponseError as error:
        if error.status_code in {400, 403, 404}:
            raise SealBroken(f"The vault refused: {error.status_code}") from error
        raise VaultUnavailable(f"The vault answered {error.status_code}") from error
    except AzureError as error:
        raise VaultUnavailable(f"The vault did not answer: {type(error).__name__}") from error
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # what its library makes of an odd answer
        raise VaultUnavailable("The vault's answer makes no sense") from error
