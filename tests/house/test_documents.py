"""What the documents say is what the code does: routes, functions, statuses, links and paths."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.run import PROGRAMS, goal_of
from integrations.domain.connect.failures import ADVICE, FlowFailure
from integrations.domain.statuses import EXPLANATIONS, SyncCause
from integrations.triggers import build_app, collect_routes
from local.host.indexing.index import Function, index
from local.host.settings import read_json
from tests.house import status_tables
from tests.house.test_house import tracked

DOCUMENTS = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/decisions/*.md", "benchmarks/*.md")


@pytest.fixture(scope="module")
def functions() -> dict[str, Function]:
    return index(build_app(lambda: None), {})  # type: ignore[arg-type, return-value]


def test_the_table_of_routes_is_that_of_the_code(root: Path) -> None:
    assert _rows(root / "docs" / "api.md", "## Routes") == sorted(_routes())


def test_every_goal_of_the_benchmarks_has_figures(root: Path) -> None:
    told = re.findall(r"^\| (P\d+)\b", (root / "docs" / "performance.md").read_text(), re.MULTILINE)

    assert {goal_of(it) for it in PROGRAMS} == set(told)


def test_every_background_function_is_documented(root: Path, functions: dict[str, Function]) -> None:
    named = re.findall(r"`(\w+)`", _section((root / "docs" / "architecture.md").read_text(), "## Background functions"))

    assert {it.name for it in functions.values() if it.trigger != "httpTrigger"} <= set(named)


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (
            ("## Sync Status of a tenant", "## Sync Status of a CSP"),
            lambda: (*status_tables.sync_statuses(), *status_tables.remedies_of_customers()),
        ),
        (("## CSP Auth of a customer",), lambda: (*status_tables.csp_auths(), *status_tables.refusals_of_customers())),
        (("## A sign-in that failed",), status_tables.failed_flows),
    ],
    ids=["sync status", "csp auth", "sign-in"],
)
def test_the_tables_of_statuses_are_those_of_the_code(root: Path, headings, expected) -> None:
    told = sorted(row for heading in headings for row in _rows(root / "docs" / "statuses.md", heading))

    assert told == sorted(expected())


def test_every_cause_has_an_explanation() -> None:
    assert EXPLANATIONS.keys() == set(SyncCause)
    assert ADVICE.keys() == set(FlowFailure)


def test_every_setting_is_documented(root: Path) -> None:
    sample = set(read_json(root / "local.settings.sample.json")["Values"])
    rows = _rows(root / "docs" / "operate.md", "## Settings")

    assert {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])} == sample


def test_links_between_documents_lead_somewhere(root: Path) -> None:
    broken = []
    for name in tracked(root, *DOCUMENTS):
        for target in re.findall(r"\]\(([^)\s]+)\)", (root / name).read_text()):
            path, _, anchor = target.partition("#")
            found = (root / name).parent / path if path else root / name
            if "://" not in target and not (found.exists() and (not anchor or anchor in _anchors(found))):
                broken.append(f"{name}: {target}")

    assert broken == []


def test_files_that_documents_name_exist(root: Path) -> None:
    pattern = r"`((?:integrations|shared|local|tests|benchmarks|docs|infra)/[\w./-]*\w\.(?:py|md|js|cjs|json|toml))`"
    named = {(name, path) for name in tracked(root, *DOCUMENTS) for path in _found(root / name, pattern)}

    assert {it for it in named if not (root / it[1]).exists()} == set()


def test_the_index_of_decisions_in_the_code_names_what_is_there(root: Path) -> None:
    rows = _rows(root / "docs" / "architecture.md", "## Where is it decided?")

    assert len(rows) >= 13
    for row in rows:
        named = re.findall(r"`([^`]+)`", row.split("|")[2])
        sources = "".join((root / it).read_text() for it in named if "/" in it or it.endswith(".json"))
        assert sources, row
        for symbol in (part for it in named if "/" not in it and not it.endswith(".json") for part in it.split(".")):
            assert re.search(rf"\b{symbol}\b", sources), (symbol, row)


def test_a_decision_that_was_replaced_says_by_which(root: Path) -> None:
    """Both ways: what replaces another names it, and is named by it."""
    said = {int(it.name[:4]): it.read_text() for it in (root / "docs" / "decisions").glob("0*.md")}
    replaces = {(number, int(old)) for number, text in said.items() for old in _numbers(text, "Replaces")}
    replaced = {(int(by), number) for number, text in said.items() for by in _numbers(text, "Replaced")}

    assert replaces
    assert replaces == replaced


def test_the_readme_stays_short(root: Path) -> None:
    assert len((root / "README.md").read_text().split()) < 850


def _routes() -> Iterator[str]:
    for route in collect_routes(lambda: None).all:  # type: ignore[arg-type, return-value]
        methods, path = " ".join(f"`{it}`" for it in route.methods), re.sub(r":\w+}", "}", route.path)
        yield f"| {methods} `/{path}` | {route.needs.value} | {route.summary} |"


def _rows(document: Path, heading: str) -> list[str]:
    """The rows of all tables under a heading, without their heads."""
    lines = _section(document.read_text(), heading).splitlines()
    heads = {number - 1 for number, line in enumerate(lines) if _is_rule(line)}
    return sorted(
        line for number, line in enumerate(lines) if line.startswith("|") and number not in heads and not _is_rule(line)
    )


def _is_rule(line: str) -> bool:
    return re.fullmatch(r"\|(?:[-: ]+\|)+", line) is not None


def _section(text: str, heading: str) -> str:
    return text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]


def _found(document: Path, pattern: str) -> list[str]:
    return re.findall(pattern, document.read_text())


def _anchors(document: Path) -> set[str]:
    """As GitHub makes them from headings."""
    heads = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", it.lower()).replace(" ", "-") for it in heads}


def _numbers(text: str, word: str) -> list[str]:
    """The numbers of records in lines such as "Replaced by [24](0024-....md)"."""
    return [it for line in re.findall(rf"^{word}\b.*$", text, re.MULTILINE) for it in re.findall(r"\[(\d+)\]", line)]
