"""Signatures: verified with the public key, and made only with the private one."""

import base64
import json

import msgspec
import pytest

from shared.crypto.signatures import SignatureInvalid, new_private_key, public_of, sign_jws, verify_jws


def test_what_was_signed_comes_out_as_it_was() -> None:
    key = new_private_key()
    jws = sign_jws(key, b'{"number": 1}')

    assert verify_jws(jws, [public_of(new_private_key()), public_of(key)]) == b'{"number": 1}'
    header = json.loads(base64.urlsafe_b64decode(jws.split(".")[0] + "=="))
    assert (header["alg"], header["kid"]) == ("EdDSA", public_of(key).kid)


@pytest.mark.parametrize("change", ["payload", "signature", "header", "no JWS", "nothing", "unsigned", "another key"])
def test_a_signature_that_does_not_hold_is_refused(change: str) -> None:
    key = new_private_key()
    header, payload, signature = sign_jws(key, b"a payload of ours").split(".")
    unsigned = base64.urlsafe_b64encode(json.dumps({"alg": "none", "kid": public_of(key).kid}).encode()).decode()
    altered = {
        "payload": f"{header}.{'A' + payload[1:]}.{signature}",
        "signature": f"{header}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "header": f"{header[:-2]}.{payload}.{signature}",
        "no JWS": "three.little.words",
        "nothing": "",
        "unsigned": f"{unsigned.rstrip('=')}.{payload}.",
        "another key": sign_jws(new_private_key(), b"a payload of ours"),
    }

    with pytest.raises(SignatureInvalid):
        verify_jws(altered[change], [public_of(key)])


def test_a_public_key_under_a_wrong_name_opens_nothing() -> None:
    key, other = new_private_key(), new_private_key()
    disguised = msgspec.structs.replace(public_of(other), kid=public_of(key).kid)

    with pytest.raises(SignatureInvalid):
        verify_jws(sign_jws(key, b"a payload"), [disguised])
