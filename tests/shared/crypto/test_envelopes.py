"""Sealed secrets open at their own place, with keys that still exist."""

import pytest

from shared.crypto.envelopes import Envelopes, KeyRing, SealBroken, new_key, sealed_with

OLD, NEW = new_key("k1"), new_key("k2")


def test_a_sealed_secret_opens_at_its_place_only() -> None:
    ring = Envelopes(KeyRing(OLD))
    sealed = ring.seal(b"secret", place="flow_1|sign_in")

    assert ring.open(sealed, place="flow_1|sign_in") == b"secret"
    assert b"secret" not in sealed.encode()
    assert ring.seal(b"secret", place="x") != ring.seal(b"secret", place="x")
    with pytest.raises(SealBroken):
        ring.open(sealed, place="flow_2|sign_in")


@pytest.mark.parametrize(
    "change", [lambda s: s[:-4] + "AAAA", lambda s: "k9" + s[2:], lambda s: s + "*", lambda _: "", lambda _: "k1||"]
)
def test_an_altered_seal_stays_closed(change: object) -> None:
    ring = Envelopes(KeyRing(OLD))

    with pytest.raises(SealBroken):
        ring.open(change(ring.seal(b"secret", place="x")), place="x")  # type: ignore[operator]


def test_keys_rotate_in_two_steps() -> None:
    sealed_before = Envelopes(KeyRing(OLD)).seal(b"secret", place="x")
    both = Envelopes(KeyRing(f"{NEW},{OLD}"))
    sealed_after = both.seal(b"secret", place="x")

    assert both.open(sealed_before, place="x") == b"secret"
    assert (sealed_with(sealed_before), sealed_with(sealed_after)) == ("k1", "k2")
    assert Envelopes(KeyRing(NEW)).open(sealed_after, place="x") == b"secret"
    with pytest.raises(SealBroken):
        Envelopes(KeyRing(NEW)).open(sealed_before, place="x")


@pytest.mark.parametrize(
    "text",
    ["", "k1", "k1:", "k|1:" + OLD.split(":")[1], "k1:short", ":" + OLD.split(":")[1], "k1:***"],
    ids=["none", "a name", "no key", "a name with a bar", "too short", "no name", "no base64"],
)
def test_a_bad_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="key") as caught:
        KeyRing(text)

    assert OLD.split(":")[1] not in str(caught.value)
