"""Sealing of short secrets at rest: envelope encryption, bound to the place they are stored at.

Each secret has a data key of its own (AES-256-GCM); only that key is encrypted by the key-encryption key,
which is a ring of keys on one machine and never leaves Key Vault in Azure (``shared.crypto.key_vault``). A sealed value
names its key, so keys rotate: the newest seals, every key that is still there opens.
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
_MARK = "|"


class SealBroken(AppError):
    """A sealed value was altered, moved to another place, or its key is gone. Nothing may be done with it."""

    code = "seal_broken"


class KeyEncryption(Protocol):
    """Encrypts data keys."""

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        """The id of the newest key, and the data key encrypted with it."""

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        """The data key.

        Raises:
            SealBroken: altered, or the key is gone.
        """


class Envelopes:
    """Seals and opens. Form of a sealed value: ``<key id>|<wrapped data key>|<nonce and text>``, in base64."""

    def __init__(self, keys: KeyEncryption) -> None:
        self._keys = keys

    def seal(self, secret: bytes, *, place: str) -> str:
        """Encrypt; ``place`` (say account, row and version) must be the same to open it."""
        data_key, nonce = os.urandom(_KEY_BYTES), os.urandom(_NONCE_BYTES)
        key_id, wrapped = self._keys.wrap(data_key)
        text = nonce + AESGCM(data_key).encrypt(nonce, secret, place.encode())
        return _MARK.join([key_id, base64.b64encode(wrapped).decode(), base64.b64encode(text).decode()])

    def open(self, sealed: str, *, place: str) -> bytes:
        """Decrypt.

        Raises:
            SealBroken: wrong place, altered text, or a key that is no longer there.
            Unavailable: the key-encryption key cannot be asked now.
        """
        try:
            key_id, wrapped, text = sealed.split(_MARK)
            data_key = self._keys.unwrap(key_id, base64.b64decode(wrapped, validate=True))
            return _opened(data_key, base64.b64decode(text, validate=True), place.encode())
        except (InvalidTag, ValueError, binascii.Error) as error:
            raise SealBroken("A stored secret cannot be opened.") from error


def sealed_with(sealed: str) -> str:
    """The id of the key that a sealed value hangs on."""
    return sealed.partition(_MARK)[0]


class KeyRing:
    """Key-encryption keys by id, the newest first: ``"k2:<base64 of 32 bytes>,k1:<base64 of 32 bytes>"``."""

    def __init__(self, keys: str) -> None:
        """Read the ring.

        Raises:
            ValueError: the text is not such a list; it never quotes a key.
        """
        self._keys = dict(_parsed(part) for part in keys.split(","))
        self._newest = next(iter(self._keys))

    def wrap(self, data_key: bytes) -> tuple[str, bytes]:
        nonce = os.urandom(_NONCE_BYTES)
        return self._newest, nonce + AESGCM(self._keys[self._newest]).encrypt(nonce, data_key, None)

    def unwrap(self, key_id: str, wrapped: bytes) -> bytes:
        if key_id not in self._keys:
            raise SealBroken(f"The key {key_id!r} is not in the ring any more.")
        return _opened(self._keys[key_id], wrapped, None)


def new_key(key_id: str) -> str:
    """A fresh random key in the form ``KeyRing`` reads."""
    return f"{key_id}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode('ascii')}"


def _opened(key: bytes, raw: bytes, place: bytes | None) -> bytes:
    return AESGCM(key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place)


def _parsed(part: str) -> tuple[str, bytes]:
    key_id, _, text = part.strip().partition(":")
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"the key {key_id!r} is not base64") from error
    if not key_id or _MARK in key_id or len(key) != _KEY_BYTES:
        raise ValueError(f"the key {key_id!r} must be '<id>:<base64 of 32 bytes>'")
    return key_id, key
