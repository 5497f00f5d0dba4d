"""Comparisons know three answers, and take null, empty and text for what they are."""

from typing import Any

import pytest

from integrations.domain.baselines.predicates.values import COMPARISONS


@pytest.mark.parametrize(
    ("operator", "value", "expected", "answer"),
    [
        ("eq", "a", "a", True), ("eq", "A", "a", False), ("eq", None, "a", False), ("eq", "", "a", False),
        ("eq", True, True, True), ("eq", "TRUE", True, True), ("eq", " false ", True, False), ("eq", "", True, None),
        ("eq", "yes", True, None), ("eq", 1, True, False), ("eq", True, 1, False), ("eq", None, False, False),
        ("eq", "10", 10, True), ("eq", "10.5", 10, None), ("eq", [], [], True), ("eq", ["a"], [], False),
        ("in", "a", ["a", "b"], True), ("in", None, ["a"], False), ("in", "c", ["a"], False), ("in", "x", [1, 2], None),
        ("le", 3, 3, True), ("le", 4, 3, False), ("le", "3", 3, True), ("le", "", 3, None), ("le", None, 3, None),
        ("le", True, 3, None), ("ge", 3, 3, True), ("ge", 2, 3, False), ("ge", "-4", 3, False), ("ge", "many", 3, None),
        ("ge", "9" * 40, 3, None),
        ("subset", [], ["a"], True), ("subset", ["a"], ["a", "b"], True), ("subset", ["c"], ["a"], False),
        ("subset", None, ["a"], None), ("superset", ["a", "b"], ["a"], True), ("superset", [], ["a"], False),
        ("disjoint", ["a"], ["b"], True), ("disjoint", ["a"], ["a", "b"], False), ("disjoint", None, [], None),
        ("matches", "abc", "b", True), ("matches", "abc", "^b", False), ("matches", None, "b", None),
        ("count", ["a", "b"], {"ge": 2, "le": 2}, True), ("count", ["a"], {"ge": 2}, False),
        ("count", [], {"le": 0}, True), ("count", None, {"ge": 0}, None), ("count", "text", {"ge": 0}, None),
        ("is_null", None, True, True), ("is_null", [], True, False), ("is_null", "", False, True),
    ],
)  # fmt: skip
def test_a_comparison_answers_yes_no_or_not_known(
    operator: str, value: Any, expected: Any, answer: bool | None
) -> None:
    assert COMPARISONS[operator](value, expected) is answer
