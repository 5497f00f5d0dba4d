"""Small changes to recorded answers: ``put(path, *keys, to=value)`` and ``drop(path, *keys)``.

A key is a name, an index, or the id or name of an item of a list.
"""

from typing import Any

from tests.baselines.recorded import Answers
from tests.baselines.tenants import CA, METHODS, SETTINGS, Change

_NAMES = ("id", "displayName", "name", "restrictionType")


def _step(here: Any, key: str | int) -> Any:
    return here[_index(here, key)] if isinstance(here, list) else here.setdefault(key, {})


def _index(items: list[Any], key: str | int) -> int:
    if isinstance(key, int):
        return key
    return next(number for number, it in enumerate(items) if key in {it.get(name) for name in _NAMES})


def _inside(answers: Answers, path: str, keys: tuple[str | int, ...]) -> Any:
    here = answers[path]
    for key in ("value", *keys) if "value" in here else keys:
        here = _step(here, key)
    return here


def put(path: str, *keys: str | int, to: Any) -> Change:
    def change(answers: Answers) -> None:
        here = _inside(answers, path, keys[:-1])
        here[_index(here, keys[-1]) if isinstance(here, list) else keys[-1]] = to

    return change


def drop(path: str, *keys: str | int) -> Change:
    def change(answers: Answers) -> None:
        here = _inside(answers, path, keys[:-1])
        del here[_index(here, keys[-1]) if isinstance(here, list) else keys[-1]]

    return change


def add(path: str, item: Any, *keys: str | int) -> Change:
    return lambda answers: _inside(answers, path, keys).append(item)


def answer(path: str, to: Any) -> Change:
    return lambda answers: answers.update({path: to})


def unrecorded(path: str) -> Change:
    return lambda answers: answers.pop(path)


def policies(*items: dict[str, Any], path: str = CA) -> Change:
    """Only these Conditional Access policies exist."""
    return answer(path, {"value": list(items)})


def method(name: str, *keys: str, to: Any, path: str = METHODS) -> Change:
    return put(path, "authenticationMethodConfigurations", name, *keys, to=to)


def setting_is(name: str, value: str | None) -> Change:
    """A value of the directory's settings; None takes it away."""

    def change(answers: Answers) -> None:
        for group in answers[SETTINGS]["value"]:
            for it in list(group["values"]):
                if it["name"] == name and value is None:
                    group["values"].remove(it)
                elif it["name"] == name:
                    it["value"] = value

    return change
