"""Names are the field's: those that nobody outside could guess do not come back, and no two things share one."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import Sources, sources
from tests.house.test_house import tracked

PRODUCT = ("integrations", "shared")
LOCAL = ("local",)

# Whole names: what each of them meant is said by a standard term now.
RETIRED_NAMES = {
    "Answer": "BatchResponse, ApiResponse",
    "Ask": "BatchRequest",
    "Belief": "PlanRecord",
    "Book": "Checkpoint",
    "BulkTable": "RestTable",
    "Clash": "VersionConflict",
    "Door": "HttpRoute",
    "Doors": "HttpRoutes",
    "Ending": "SyncResult, CheckResult",
    "Facts": "AccessState",
    "Gate": "Throttle",
    "Hold": "Lease",
    "Lifeline": "RecoveryMessage",
    "Line": "EntryFingerprint",
    "Look": "EvaluationRun",
    "Paces": "RateLimiter",
    "Parting": "TenantRemoval",
    "Patience": "RetryPolicy, StorageTimeouts",
    "Rates": "Quota",
    "Shelf": "CheckpointStore",
    "Situation": "GdapInput",
    "Wanted": "a filter or a request, by what it is for",
    "Way": "AccessPath",
    "Window": "AdaptiveConcurrencyLimit",
    "Wire": "Transport",
    "carry_on": "continue",
    "hear": "receive",
    "leave": "uninstall",
    "let_go": "release",
    "noting": "audit entries",
    "print": "fingerprint",
    "put_off": "postpone",
    "take_back": "delete, revoke",
    "told": "what it is: a response, a record, fields, counts",
}

# Words that no name may contain, split as in ``tenant_parting`` or ``PartingView``.
RETIRED_WORDS = {
    "asked", "belief", "believed", "clash", "door", "doors", "facts", "gate", "gates", "lifeline", "paces", "parting",
    "partings", "patience", "shelf", "settle", "settled", "settling", "situation", "tallies", "tally", "told", "whole",
}  # fmt: skip

# Parameters live as long as their function: these say nothing about what comes in.
NO_PARAMETERS = {"it", "one", "found", "told", "asked", "given", "wanted"}

KEPT_FOR_A_REASON = {"not_asked": "the list of people who are not asked for MFA, as the API calls it"}

SAME_NAME: dict[str, str] = {}

LONGEST = 300
LONG_FOR_A_REASON: dict[str, str] = {}

MOST_MODULES = 12
MANY_FOR_A_REASON = {
    "integrations/microsoft/readers": "one for each thing that Microsoft knows",
    "integrations/portal": "modules of the page",
}


def words_of(name: str) -> set[str]:
    """The words of a name in snake case, camel case or capitals."""
    return {it.lower() for it in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def defined(tree: ast.AST) -> Iterator[str]:
    """Every name that a module defines: classes, functions, parameters, variables, attributes and aliases."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname


def parameters(tree: ast.AST) -> Iterator[str]:
    """Parameters of functions; those of a lambda live no longer than its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from (it.arg for it in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs])


def retired(name: str) -> bool:
    bare = name.strip("_")
    is_retired = bare in RETIRED_NAMES or bool(words_of(bare) & RETIRED_WORDS)
    return is_retired and name not in KEPT_FOR_A_REASON


def retired_in(trees: Sources) -> dict[str, list[str]]:
    """Retired names by file, those of the file and its packages included."""
    names = {path: {*defined(tree), *Path(path).with_suffix("").parts} for path, tree in trees.items()}
    return {path: wrong for path, found in names.items() if (wrong := sorted(filter(retired, found)))}


def classes(trees: Sources) -> dict[str, list[str]]:
    """Where each class is defined, by its name without a leading underscore."""
    found: dict[str, list[str]] = {}
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name.strip("_"), []).append(path)
    return found


@pytest.fixture(scope="module", params=[PRODUCT, LOCAL], ids=["product", "local"])
def trees(root: Path, request: pytest.FixtureRequest) -> Sources:
    return sources(root, *request.param)


def test_retired_names_do_not_come_back(trees: Sources) -> None:
    assert retired_in(trees) == {}


def test_parameters_say_what_comes_in(trees: Sources) -> None:
    found = {path: sorted(set(parameters(tree)) & NO_PARAMETERS) for path, tree in trees.items()}

    assert {path: names for path, names in found.items() if names} == {}


def test_no_two_classes_have_one_name(trees: Sources) -> None:
    """The simulated Microsoft has classes of its own for what it simulates: neither program imports the other."""
    twice = {name: paths for name, paths in classes(trees).items() if len(paths) > 1}

    assert {name: paths for name, paths in twice.items() if name not in SAME_NAME} == {}


def test_no_file_is_longer_than_three_hundred_lines(root: Path) -> None:
    lines = {
        it: len((root / it).read_text().splitlines())
        for package in (*PRODUCT, *LOCAL)
        for it in tracked(root, f"{package}/**/*.py", f"{package}/*.py", f"{package}/**/*.js", f"{package}/**/*.css")
    }

    assert {it: count for it, count in lines.items() if count > LONGEST and it not in LONG_FOR_A_REASON} == {}


def test_no_package_has_more_than_a_dozen_loose_modules(root: Path) -> None:
    modules = Counter(
        str(Path(it).parent)
        for package in (*PRODUCT, *LOCAL)
        for it in tracked(root, f"{package}/**/*.py", f"{package}/*.py", f"{package}/**/*.js")
        if not Path(it).name.startswith("__")
    )

    assert {it: count for it, count in modules.items() if count > MOST_MODULES and it not in MANY_FOR_A_REASON} == {}
    assert MANY_FOR_A_REASON.keys() <= {it for it, count in modules.items() if count > MOST_MODULES}


@pytest.mark.parametrize(
    "source",
    [
        "class Door: ...",
        "class _Belief: ...",
        "class PartingView: ...",
        "def carry_on(lease): ...",
        "told = response.json()",
        "def f(told): ...",
        "def f(self): self.whole_at = now",
        "import gate as throttle_gate",
        "for shelf in shelves: ...",
        "tallies: dict[str, int] = {}",
    ],
)
def test_a_retired_name_is_seen(source: str) -> None:
    assert retired_in({"a.py": ast.parse(source)})


def test_a_retired_module_is_seen_and_a_harmless_name_is_not() -> None:
    assert retired_in({"shared/graph/gate.py": ast.parse("")})
    assert not retired_in({"shared/lines.py": ast.parse("settings = Lines(wholesale, aggregate, tolder)")})


def test_a_parameter_that_says_nothing_and_a_second_class_are_seen() -> None:
    assert list(parameters(ast.parse("def f(it: User, *, found: int) -> None: ..."))) == ["it", "found"]
    assert classes({"a.py": ast.parse("class A: ..."), "b.py": ast.parse("class _A: ...")}) == {"A": ["a.py", "b.py"]}
