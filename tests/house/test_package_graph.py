"""The architecture's picture of packages is the one that the imports draw."""

from pathlib import Path

from tests.house.package_graph import DOCUMENT, box_of, mermaid, with_graph, without_shortcuts


def test_the_graph_of_packages_in_the_architecture_is_drawn_from_the_imports(root: Path) -> None:
    text = (root / DOCUMENT).read_text()

    assert text == with_graph(text), "run: .venv/bin/python -m tests.house.package_graph"
    assert "integrations_actions_sync --> integrations_actions_csp" in mermaid()


def test_a_module_is_drawn_in_its_package() -> None:
    boxes = {
        "integrations.actions.sync.slot",
        "integrations.actions.account",
        "integrations.domain.csp.gdap",
        "shared.clock",
    }

    assert {box_of(module) for module in boxes} == {
        "integrations.actions.sync",
        "integrations.actions",
        "integrations.domain",
        "shared",
    }


def test_an_arrow_that_two_others_stand_for_is_left_out() -> None:
    assert without_shortcuts({("a", "b"), ("b", "c"), ("a", "c"), ("a", "d")}) == {("a", "b"), ("b", "c"), ("a", "d")}
