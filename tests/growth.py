"""How the CPU time of a reading grows with what is read: a ratio in one run, never a time by the clock."""

import gc
import json
import time
from collections.abc import Callable

SMALL, LARGE = 8 * 1024, 64 * 1024
# Eight times as much to read: in one pass 8 times the CPU, going back each time 64 times. Between them lies what a
# machine does besides: a cache that the larger text does not fit into, a core shared with other work (13 was seen).
MOST = 22.0
_ROUNDS = 40  # it ends at the first that shows the bound; a linear reading needs more only on a busy machine
_NOTHING_S = 0.002  # below this it is the clock that is measured
_HOPELESS_S = 2.0  # no other round would bring this down

Shape = Callable[[int], str]


def growth(work: Callable[[int], object], cpu: Callable[[], float] = time.thread_time) -> float:
    """How many times the CPU of a small reading a large one takes: the best of several rounds each."""
    small = large = float("inf")
    for _ in range(_ROUNDS):
        small, large = min(small, _spent(work, SMALL, cpu)), min(large, _spent(work, LARGE, cpu))
        if large <= MOST * small or large < _NOTHING_S or large > _HOPELESS_S:
            break
    return large / max(small, _NOTHING_S / MOST)


def _spent(work: Callable[[int], object], size: int, cpu: Callable[[], float]) -> float:
    was_on = gc.isenabled()
    gc.disable()
    try:
        began = cpu()
        work(size)
        return cpu() - began
    finally:
        if was_on:
            gc.enable()


def _filled(before: str, piece: str, after: str = "") -> Shape:
    """So much of one piece that the whole has the size asked for."""
    return lambda size: before + piece * ((size - len(before) - len(after)) // len(piece)) + after


def _keys(size: int) -> str:
    names = [f"{number:06d}" for number in range((size - 2) // 11)]
    return "{" + ",".join(f'"{name}":1' for name in names) + "}"


def _nested_once(size: int) -> str:
    return json.dumps({"value": [{"a": [1], "b": {"c": "x"}}] * (size // 32)})


# The worst that JSON, a form, a header or a name can hold, each as large as one likes.
SHAPES: dict[str, Shape] = {
    "escaped quotes, not closed": _filled('"', '\\"'),
    "escaped quotes": _filled('{"name":"', '\\"', '"}'),
    "escaped quotes behind many strings": _filled('["a","', '\\"', '"]'),
    "quotes": _filled("", '"'),
    "backslashes": _filled("", "\\"),
    "escaped backslashes": _filled('{"name":"', "\\\\", '"}'),
    "backslashes, not closed": _filled('{"name":"', "\\\\"),
    "brackets": _filled("", "["),
    "closing brackets": _filled("", "]"),
    "brackets in turns": _filled("", "[]"),
    "objects": _filled("", '{"a":'),
    "digits": _filled('{"name":', "9", "}"),
    "digits alone": _filled("", "9"),
    "digits and a letter": _filled("", "9", "x"),
    "a digit, commas and a letter": _filled("9", ",", "x"),
    "digits of a fraction": _filled('{"name":0.', "9", "}"),
    "digits of an exponent": _filled('{"name":1e', "9", "}"),
    "numbers of 4,000 digits": _filled('{"name":[', "9" * 4000 + ",", "1]}"),
    "white space": _filled("", " "),
    "white space and a letter": _filled("", " ", "x"),
    "white space in an object": _filled('{"name":', " ", "1}"),
    "tabs and lines": _filled("", "\t\r\n"),
    "keys": _keys,
    "the same key": _filled("{", '"name":1,', '"name":1}'),
    "one long key": _filled('{"', "a", '":1}'),
    "a key like a place": _filled('{"', "[1", '":1}'),
    "a key like another message": _filled('{"', " - at `$.a[1]`", '":1}'),
    "escapes of characters": _filled('{"name":"', "\\u0061", '"}'),
    "escapes of pairs": _filled('{"name":"', "\\ud83d\\ude00", '"}'),
    "halves of pairs": _filled('{"name":"', "\\ud800", '"}'),
    "strings": _filled("[", '"a",', '"a"]'),
    "items": _nested_once,
    "commas": _filled("", ","),
    "words and commas": _filled("", "a,"),
    "percent signs": _filled("", "%"),
    "encoded letters": _filled("", "%41"),
    "fields": _filled("", "a=b&"),
    "field signs": _filled("", "&"),
    "semicolons": _filled("text/csv", ";q="),
    "equal signs": _filled("", "="),
    "parameters": _filled("Bearer insufficient_claims ", 'claims="e30", '),
    "a parameter, not closed": _filled('Bearer insufficient_claims claims="', "a"),
    "parameters, not closed": _filled("Bearer insufficient_claims ", 'claims="', ""),
    "a name and white space": _filled("Bearer insufficient_claims " + "a" * 40, " "),
    "names and white space": _filled("Bearer insufficient_claims ", "a" * 40 + " " * 40),
    "letters": _filled("", "a"),
    "dots": _filled("", "."),
    "dashes": _filled("", "-"),
    "slashes": _filled("", "/"),
    "letters and dots": _filled("", "a."),
    "dates": _filled("Wed, ", "21 Oct 2015 07:28:00 ", "GMT"),
    "brackets of a comment": _filled("Wed, (", "(", ""),
    "combining marks": _filled("a", "\u0301"),
    "joiners": _filled("a", "\u200d"),
    "controls": _filled("a", "\x01"),
}
