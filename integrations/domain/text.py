"""Names that come from outside, made safe to keep: NFC, no control or direction marks, at most 256 long.

Encoding for HTML, CSV or logs happens where the text leaves; here it only becomes storable and honest.
"""

import re
import unicodedata

MOST_CHARACTERS = 256
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9 ._-]")
_INVISIBLE = "Cf"  # joiners, direction overrides, byte order marks
_BLANK = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})  # controls, surrogates, private use, line breaks


def clean(text: str, most: int = MOST_CHARACTERS) -> str:
    """The text without what misleads a reader; markup stays, as plain characters."""
    kept = text[: most * 4]
    if not kept.isprintable():  # what is printable holds none of the categories below: nearly every name there is
        kept = "".join(_kept(character, unicodedata.category(character)) for character in kept)
    return " ".join(unicodedata.normalize("NFC", kept).split())[:most]


def _kept(character: str, category: str) -> str:
    if category == _INVISIBLE:
        return ""
    return " " if category in _BLANK else character


def key_from(text: str) -> str:
    """A row's key from a name that comes from outside, without what a key may not hold; at most 200 long."""
    return _NOT_IN_KEYS.sub("_", clean(text, 200))


def clean_or_none(text: str | None) -> str | None:
    return clean(text) or None if text else None
