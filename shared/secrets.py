"""Sealing of short secrets at rest: AES-256-GCM, bound to the place they are stored at.

A sealed value names its key, so keys rotate: the first key of the ring seals, every key opens.
"""

import base64
import binascii
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import AppError

_NONCE_BYTES = 12
_KEY_BYTES = 32


class SealBroken(AppError):
    """A sealed value was altered, moved to another place, or its key is gone. Nothing may be done with it."""


class KeyRing:
    """Keys by id, the newest first: ``"k2:<base64 of 32 bytes>,k1:<base64 of 32 bytes>"``."""

    def __init__(self, keys: str) -> None:
        """Read the ring.

        Raises:
            ValueError: the text is not such a list; it never quotes a key.
        """
        self._keys = dict(_parsed(part) for part in keys.split(","))
        self._newest = next(iter(self._keys))

    def seal(self, secret: bytes, *, place: str) -> str:
        """Encrypt; ``place`` (say account, row and version) must be the same to open it."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = AESGCM(self._keys[self._newest]).encrypt(nonce, secret, place.encode())
        return f"{self._newest}:{base64.b64encode(nonce + sealed).decode('ascii')}"

    def open(self, sealed: str, *, place: str) -> bytes:
        """Decrypt.

        Raises:
            SealBroken: wrong place, altered text, or a key that is no longer in the ring.
        """
        key_id, _, text = sealed.partition(":")
        try:
            raw = base64.b64decode(text, validate=True)
            key = AESGCM(self._keys[key_id])
            return key.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], place.encode())
        except (InvalidTag, KeyError, ValueError, binascii.Error) as error:
            raise SealBroken("A stored secret cannot be opened.") from error


def new_key(key_id: str) -> str:
    """A fresh random key in the form ``KeyRing`` reads."""
    return f"{key_id}:{base64.b64encode(os.urandom(_KEY_BYTES)).decode('ascii')}"


def _parsed(part: str) -> tuple[str, bytes]:
    key_id, _, text = part.strip().partition(":")
    try:
        key = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"the key {key_id!r} is not base64") from error
    if not key_id or len(key) != _KEY_BYTES:
        raise ValueError(f"the key {key_id!r} must be '<id>:<base64 of 32 bytes>'")
    return key_id, key
