"""Private keys of this machine's programs, as PEM."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from local.files import replace_file


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Raises ValueError when it is no RSA key."""
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - of a file, not of an argument
    return key


def kept_key(path: Path | None) -> rsa.RSAPrivateKey:
    """The key in a file, which is made when it is missing or damaged; without a file a new one."""
    try:
        return private_key(path.read_bytes() if path else b"")
    except (OSError, ValueError):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    if path:
        replace_file(path, pem_of(key))
    return key
