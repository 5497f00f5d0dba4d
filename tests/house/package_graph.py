"""The graph of packages in docs/architecture.md, drawn from the imports: ``python -m tests.house.package_graph``.

One box is a package of the product, or a layer's own modules; an arrow points to what is imported. Packages inside
``integrations/actions`` and ``shared`` have boxes of their own.
"""

from collections.abc import Iterable
from pathlib import Path

import grimp

DOCUMENT = Path("docs/architecture.md")
BEGIN, END = "<!-- imports:begin -->", "<!-- imports:end -->"
_DEEP = {"integrations.actions", "shared"}  # whose packages are shown one by one


def mermaid() -> str:
    """The graph as a Mermaid flowchart; an arrow that follows from two others is left out."""
    graph = grimp.build_graph("integrations", "shared", include_external_packages=False)
    arrows = {
        (box_of(importer), box_of(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
        if box_of(importer) != box_of(imported)
    }
    lines = [f"    {_id(start)} --> {_id(end)}" for start, end in sorted(without_shortcuts(arrows))]
    boxes = sorted({box for arrow in arrows for box in arrow})
    return "\n".join(["```mermaid", "flowchart TD", *(f'    {_id(box)}["{box}"]' for box in boxes), *lines, "```"])


def box_of(module: str) -> str:
    """The package that a module is drawn in: "integrations.actions.sync", "integrations.domain", "shared.http"."""
    names = module.split(".")
    package, deep = ".".join(names[:2]), ".".join(names[:3])
    if package in _DEEP or names[0] in _DEEP:
        candidate = deep if package in _DEEP else package
        return candidate if (Path(*candidate.split(".")) / "__init__.py").exists() else candidate.rpartition(".")[0]
    return package


def without_shortcuts(arrows: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows that no longer way stands for."""
    direct = set(arrows)
    ends: dict[str, set[str]] = {}
    for start, end in direct:
        ends.setdefault(start, set()).add(end)

    def reachable(start: str, without: tuple[str, str]) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            box = waiting.pop()
            following = {end for end in ends.get(box, ()) if (box, end) != without} - seen
            seen |= following
            waiting += following
        return seen

    return {arrow for arrow in direct if arrow[1] not in reachable(arrow[0], arrow)}


def with_graph(text: str) -> str:
    """The document with the graph of today between its two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{mermaid()}\n{END}{after}"


def _id(box: str) -> str:
    return box.replace(".", "_")


if __name__ == "__main__":
    DOCUMENT.write_text(with_graph(DOCUMENT.read_text()))
