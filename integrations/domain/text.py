"""Text from outside, made safe to store: NFC, no control or direction marks, at most 256 characters.

Joiners stay where a script needs them: inside emoji, between Arabic or Persian letters, after an Indic virama.
Elsewhere they are invisible and make two names look alike. Source: https://www.rfc-editor.org/rfc/rfc5892#appendix-A
Encoding for HTML, CSV or logs happens where the text is written out, not here.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

MOST_CHARACTERS = 256
_MOST_DOMAINS = 1000  # the addresses of one tenant are of a few
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?=.{{4,253}}$){_LABEL}(\.{_LABEL})+")
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9 ._-]")
_INVISIBLE = "Cf"  # joiners, direction overrides, byte order marks
_JOINERS = frozenset("\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}")
_IN_EMOJI = frozenset({"So", "Sk", "Mn"})  # the picture, its skin tone, its variation
_VIRAMA = 9
_BLANK = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, surrogates, private use, line breaks


def clean(text: str, most: int = MOST_CHARACTERS) -> str:
    """The text without invisible and control characters; markup stays, as plain characters."""
    # Fast path for nearly every name: printable text holds none of the categories below, and only plain spaces.
    if len(text) <= most and text.isprintable() and "  " not in text:
        return text.strip(" ") if text.isascii() else unicodedata.normalize("NFC", text).strip(" ")[:most]
    kept = text[: most * 4]
    if not kept.isprintable():
        kept = "".join(_kept(before, character, after) for before, character, after in _neighbours(kept))
    return " ".join(unicodedata.normalize("NFC", kept).split())[:most]


def _neighbours(text: str) -> Iterator[tuple[str, str, str]]:
    """Each character with the one before and the one after it."""
    return zip(f" {text}", text, f"{text[1:]} ", strict=False)


def _kept(before: str, character: str, after: str) -> str:
    category = unicodedata.category(character)
    if category == _INVISIBLE:
        return character if character in _JOINERS and _is_joined(before, after) else ""
    return " " if category in _BLANK else character


def _is_joined(before: str, after: str) -> bool:
    """Whether a joiner between these two changes how they are written."""
    is_emoji = unicodedata.category(before) in _IN_EMOJI and unicodedata.category(after) == "So"
    is_arabic = unicodedata.bidirectional(before) == unicodedata.bidirectional(after) == "AL"
    return is_emoji or is_arabic or unicodedata.combining(before) == _VIRAMA


def key_from(text: str) -> str:
    """A row key made from a name from outside, without characters that a key may not hold; at most 200 long."""
    return _NOT_IN_KEYS.sub("_", clean(text, 200))


def clean_or_none(text: str | None) -> str | None:
    return clean(text) or None if text else None


@lru_cache(_MOST_DOMAINS)
def is_domain_name(text: str) -> bool:
    """Whether this is a domain name of the internet in lower case, such as contoso.example or xn--bcher-kva.example."""
    return _DOMAIN.fullmatch(text) is not None
