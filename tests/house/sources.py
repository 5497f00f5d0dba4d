"""The Python sources of the repository as syntax trees, for tests of the house."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

from tests.house.test_house import tracked

Sources = Mapping[str, ast.Module]  # by path


def sources(root: Path, *packages: str) -> Sources:
    names = tracked(root, *(f"{package}/*.py" for package in packages), *(f"{it}/**/*.py" for it in packages))
    return {name: _parsed(root / name) for name in sorted(set(names))}


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def found(trees: Sources, find: Callable[[ast.AST], str | None]) -> set[tuple[str, str]]:
    """Where ``find`` returns something: the file, and what it returned."""
    return {(name, hit) for name, tree in trees.items() for hit in hits(tree, find)}


def hits(tree: ast.AST, find: Callable[[ast.AST], str | None]) -> Iterator[str]:
    """What ``find`` returns for the nodes of a tree."""
    return (hit for node in ast.walk(tree) if (hit := find(node)) is not None)


def called(node: ast.AST) -> str | None:
    """The name of what a node calls, without what it is an attribute of."""
    if not isinstance(node, ast.Call):
        return None
    return getattr(node.func, "attr", None) or getattr(node.func, "id", None)


def numbers(node: ast.AST) -> list[float]:
    """The numbers that are written in a node."""
    constants = (it.value for it in ast.walk(node) if isinstance(it, ast.Constant))
    return [it for it in constants if isinstance(it, int | float) and not isinstance(it, bool)]


def named_number(pattern: str) -> Callable[[ast.AST], str | None]:
    """Finds module constants, class constants and keyword arguments whose name matches and whose value has a number."""

    def find(node: ast.AST) -> str | None:
        if isinstance(node, ast.keyword) and node.arg and re.search(pattern, node.arg):
            return node.arg if numbers(node.value) else None
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        name = next((it.id for it in targets if isinstance(it, ast.Name) and it.id.isupper()), "")
        value = getattr(node, "value", None)
        return name if value is not None and re.search(pattern, name) and numbers(value) else None

    return find
