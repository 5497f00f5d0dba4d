"""Envelope encryption of short secrets at rest, bound to the place where they are stored.

Each secret is encrypted with its own data key (AES-256-GCM), and the data key with a key-encryption key: one of a key
ring on a single machine, or one that never leaves Key Vault in Azure (``shared.crypto.key_vault``). A sealed value
names its key-encryption key, so keys can rotate: the newest one seals, and each one that still exists opens.
"""

import base64
import binascii
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import AppError

_NONCE_BYTES = 12
_KEY_BYTES = 32
_SEPARATOR = "|"


class SealBroken(AppError):
    """A sealed value cannot be opened: it was altered or moved to another place, or its key is gone."""

    code = "seal_broken"


class KeyEncryption(Protocol):
    """Encrypts and decrypts data keys."""

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """The id of the newest key-encryption key, and the data key encrypted with it.

        Raises:
            Unavailable: the key-encryption key cannot be reached now.
        """

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The data key.

        Raises:
            SealBroken: it was altered, or the key-encryption key is gone.
            Unavailable: the key-encryption key cannot be reached now.
        """


class Envelopes:
    """Seals and opens secrets.

    Shape of a sealed value: ``<key id>|<wrapped data key>|<nonce and ciphertext>``, the last two in base64.
    """

    def __init__(self, keys: KeyEncryption) -> None:
        self._keys = keys

    def seal(self, secret: bytes, *, place: str) -> str:
        """Encrypt a secret; ``place`` (such as account, row and version) must be the same to open it.

        Raises:
            Unavailable: the key-encryption key cannot be reached now.
        """
        data_key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
        key_id, wrapped = self._keys.wrap(data_key)
        text = nonce + AESGCM(data_key).encrypt(nonce, secret, place.encode())
        return _SEPARATOR.join([key_id, base64.b64encode(wrapped).decode(), base64.b64encode(text).decode()])

    def open(self, sealed: str, *, place: str) -> bytes:
        """Decrypt a secret.

        Raises:
            SealBroken: wrong place, altered value, or a key that no longer exists.
            Unavailable: the key-encryption key cannot be reached now.
        """
        try:
            key_id, wrapped, text = sealed.split(_SEPARATOR)
            data_key = self._keys.unwrap(key_id, base64.b64decode(wrapped, validate=True))
            return _decrypt(data_key, base64.b64decode(text, validate=True), place.encode())
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise SealBroken("A stored secret cannot be opened.") from error


def sealed_with(sealed: str) -> str:
    """The id of the key-encryption key of a sealed value."""
    return sealed.partition(_SEPARATOR)[0]


class KeyRing:
    """Key-encryption keys, the newest first: ``"k2:<base64 of 32 bytes>,k1:<base64 of 32 bytes>"``.

    Implements ``KeyEncryption``.
    """

    def __init__(self, keys: str) -> None:
        """Parse the keys.

        Raises:
            ValueError: malformed; the message never quotes a key.
        """
        self._keys = dict(_parse_key(part) for part in keys.split(","))
        self._newest = next(iter(self._keys))

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        nonce = os.urandom(_NONCE_BYTES)
        return self._newest, nonce + AESGCM(self._keys[self._newest]).encrypt(nonce, data_key, None)

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        if key_id not in self._keys:
            raise SealBroken(f"The key {key_id!r} is not in the ring any more.")
        return _decrypt(self._keys[key_id], wrapped, None)


def new_key(key_id: str) -> str:
    """A new random key in the form that ``KeyRing`` parses."""
    return f"{key_id}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode('ascii')}"


def _decrypt(key: bytes, raw: bytes, place: bytes | None) -> bytes:
    return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place)


def _parse_key(part: str) -> tuple[str, bytes]:
    key_id, _, text = part.strip().partition(":")
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"the key {key_id!r} is not base64") from error
    if not key_id or _SEPARATOR in key_id or len(key) != _KEY_BYTES:
        raise ValueError(f"the key {key_id!r} must be '<id>:<base64 of 32 bytes>'")
    return key_id, key
