"""An account's rows are changed in one way only: by ``account.change``, which keeps the crash-safe order."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.house.test_house import tracked

UNIT_OF_WORK = "integrations/actions/account.py"
STORE = "integrations/storage/control.py"

# Lines that are put without a change of rows, or apart from it.
PUT_BY_THEMSELVES = {
    ("integrations/actions/account.py", "_add_lines"): "this is the way: before the rows",
    ("integrations/actions/account.py", "_postpone_lines"): "this is the way: a later time, after the rows",
    ("integrations/actions/plan/apply_plan.py", "apply_plan"): "the next walk over the rows, once this one is done",
    (
        "integrations/actions/plan/apply_plan.py",
        "_resume",
    ): "lines of all rows, before these change in parts of a hundred",
    ("integrations/actions/csp/child_tenants.py", "hold_back"): "the row may say already what it waits for",
    (
        "integrations/actions/evaluate/evaluation_run.py",
        "_plan_next",
    ): "before derived rows, which are no account's rows",
    ("integrations/actions/jobs/housekeeping.py", "clean_account"): "its own line moves to tomorrow",
    ("integrations/actions/jobs/housekeeping.py", "seal_new_entries"): "its own line makes way for a last look",
    ("integrations/actions/csp/onboard_customer.py", "_try"): "a run of the CSP is asked for; its row does not change",
    ("integrations/actions/jobs/due_work.py", "order_consent"): "the flow is as it was; it is forgotten later",
    ("integrations/actions/csp/steps.py", "order_step"): "the row says it already, and the line may be lost",
    (
        "integrations/actions/people/work.py",
        "_order_user_sync",
    ): "people are no account's rows; a day later it comes anyway",
    ("integrations/actions/people/move.py", "move_end_users"): "people are no account's rows",
    ("integrations/actions/people/move.py", "move_synced"): "people are no account's rows",
    ("integrations/actions/failures.py", "record_failure"): "links are no account's rows",
    ("integrations/actions/asset_links/by_hand.py", "order_linking"): "assets are no account's rows",
    ("integrations/actions/sync/slot.py", "_is_current"): "the row says it already: not before that time",
}

# A conflict that means something else than "try again" or "leave it to them".
CONFLICT_MEANS = {
    (
        "integrations/actions/plan/apply_plan.py",
        "attempt",
    ): "the other parts are written all the same, then tried again",
    ("integrations/actions/connect/answered_flow.py", "_change"): "the answer was used",
    ("integrations/actions/connect/answered_flow.py", "with_state_used"): "the answer was used",
    ("integrations/actions/connect/complete.py", "complete"): "said twice, or the tenant came in by another journey",
    ("integrations/actions/conflicts.py", "ignore_conflict"): "this is the way to leave it to others",
    ("integrations/actions/conflicts.py", "retry_on_conflict"): "this is the way to try again",
    ("integrations/actions/removal/lease.py", "held"): "a row that others change too: the removal goes on soon",
    ("integrations/actions/mapping/map_tenant.py", "map_tenant"): "the other one is named",
    ("integrations/actions/removal/start.py", "_begin_together"): "of many at once: then one by one",
    ("integrations/actions/user_sync/run.py", "sync_users"): "what is pending stays so, and the message comes again",
    ("integrations/actions/failures.py", "record_failure"): "the same",
    ("integrations/actions/asset_links/run.py", "link_assets"): "the same",
    ("integrations/actions/csp/reconcile.py", "_write"): "of many at once: then one by one",
    ("integrations/actions/sync/change_notifications.py", "keep_watch"): "what was begun at Microsoft is taken back",
}

# An Organization's people: rows of its own table, each transaction behind its head.
PEOPLE = {
    ("integrations/actions/people/work.py", "batch"),
    ("integrations/actions/people/work.py", "self"),  # within a change, as ``make_room`` needs it
    ("integrations/actions/people/cleaning.py", "batch"),
    ("integrations/actions/people/cleaning.py", "people"),  # rows that no change touches
}
# What a tenant's user sync and its asset links know: the same, behind a head of their own.
LASTING = {
    ("integrations/actions/asset_links/ending.py", "batch"),
    ("integrations/actions/asset_links/run.py", "batch"),
    ("integrations/actions/failures.py", "batch"),
    ("integrations/actions/asset_links/run.py", "self._batch"),
    ("integrations/actions/user_sync/change.py", "batch"),
    ("integrations/actions/user_sync/ending.py", "batch"),
    ("integrations/actions/user_sync/run.py", "batch"),
}
BATCHES = {
    "integrations/actions/asset_links/by_hand.py",
    "integrations/actions/asset_links/settings.py",
    "integrations/actions/people/move.py",
    "integrations/actions/people/cleaning.py",
    "integrations/actions/user_sync/change.py",
    "integrations/actions/user_sync/links.py",
    "integrations/actions/user_sync/questions.py",
}

OPENERS = ("change", "_change", "resting")  # of a unit of work

Finding = tuple[str, str]  # where: the innermost function; what: the call or name as it is written


def of_function(tree: ast.AST, wanted: Callable[[ast.AST], str | None], function: str = "") -> Iterator[Finding]:
    """Every node for which ``wanted`` tells something, with the function it stands in."""
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef) else function
        told = wanted(node)
        if told is not None:
            yield inside, told
        yield from of_function(node, wanted, inside)


def called(*names: str) -> Callable[[ast.AST], str | None]:
    """Calls of a method with one of these names, told by what it is called on."""

    def told(node: ast.AST) -> str | None:
        is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names
        return ast.unparse(node.func.value) if is_call else None  # type: ignore[attr-defined]

    return told


def opens_the_table(node: ast.AST) -> str | None:
    is_named = isinstance(node, ast.Call) and any(
        isinstance(it, ast.Constant) and it.value == "control" for it in node.args
    )
    return ast.unparse(node) if is_named and isinstance(node.func, ast.Attribute) else None  # type: ignore[attr-defined]


def names_the_writer(node: ast.AST) -> str | None:
    name = getattr(node, "id", None) or getattr(node, "attr", None)
    is_imported = isinstance(node, ast.ImportFrom) and any(it.name == "ControlWriter" for it in node.names)
    return "ControlWriter" if name == "ControlWriter" or is_imported else None


def catches_a_conflict(node: ast.AST) -> str | None:
    is_caught = (
        isinstance(node, ast.ExceptHandler) and node.type is not None and "VersionConflict" in ast.unparse(node.type)
    )
    is_suppressed = (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).endswith("suppress")
        and any("VersionConflict" in ast.unparse(it) for it in node.args)
    )
    return "VersionConflict" if is_caught or is_suppressed else None


def opened_without_with(tree: ast.AST) -> list[str]:
    """Units of work that no ``with`` opens: what is put into them would never be written."""
    in_with = {id(item.context_expr) for it in ast.walk(tree) if isinstance(it, ast.With) for item in it.items}
    calls = (it for it in ast.walk(tree) if called(*OPENERS)(it) is not None)
    return [ast.unparse(it) for it in calls if id(it) not in in_with]


@pytest.fixture(scope="module")
def sources(root: Path) -> dict[str, ast.Module]:
    names = tracked(root, "integrations/*.py", "integrations/**/*.py", "function_app.py")
    return {name: ast.parse((root / name).read_text()) for name in names}


def found(sources: dict[str, ast.Module], wanted: Callable[[ast.AST], str | None]) -> set[tuple[str, str, str]]:
    return {(name, function, told) for name, tree in sources.items() for function, told in of_function(tree, wanted)}


def test_only_the_unit_of_work_writes_an_accounts_rows(sources: dict[str, ast.Module]) -> None:
    assert {name for name, *_ in found(sources, opens_the_table)} == {STORE}
    assert {name for name, *_ in found(sources, names_the_writer)} == {UNIT_OF_WORK}


def test_actions_write_through_a_change_and_synced_rows_through_their_session(sources: dict[str, ast.Module]) -> None:
    above = {name: tree for name, tree in sources.items() if not name.startswith("integrations/storage/")}

    assert {(name, on) for name, _, on in found(above, called("commit"))} == {
        (UNIT_OF_WORK, "writer"),
        (UNIT_OF_WORK, "ControlWriter(self.services.tables)"),  # takes a message that was sent out of the outbox
        ("integrations/actions/sync/store_attempts.py", "session"),  # rows of synced data, behind their fence
        ("integrations/actions/evaluate/evaluation_run.py", "self._session"),  # derived rows, behind theirs
        *PEOPLE,
        *LASTING,
    }
    assert {on for _, _, on in found(above, called("write"))} == {"change", "batch", "writer"}
    assert {name for name, _, on in found(above, called("write")) if on == "batch"} <= BATCHES


def test_audit_entries_and_messages_are_made_by_the_unit_of_work_alone(sources: dict[str, ast.Module]) -> None:
    added = found(sources, called("added"))

    assert {name for name, _, on in added if on.endswith((".audit", ".outbox"))} == {UNIT_OF_WORK}
    assert {name for name, *_ in found(sources, called("dispatch"))} == {
        UNIT_OF_WORK,
        "integrations/actions/jobs/due_work.py",
    }


def test_every_unit_of_work_is_opened_by_a_with(sources: dict[str, ast.Module]) -> None:
    assert [(name, told) for name, tree in sources.items() for told in opened_without_with(tree)] == []


def test_lines_of_a_change_are_put_by_it(sources: dict[str, ast.Module]) -> None:
    put = found(sources, called("put", "put_all"))

    assert {(name, function) for name, function, on in put if on.endswith("due")} == PUT_BY_THEMSELVES.keys()


def test_a_conflict_is_retried_or_ignored_in_one_way_unless_it_means_something_else(
    sources: dict[str, ast.Module],
) -> None:
    assert {(name, function) for name, function, _ in found(sources, catches_a_conflict)} == CONFLICT_MEANS.keys()


@pytest.mark.parametrize(
    ("wanted", "source"),
    [
        (opens_the_table, 'tables.rest_table("control").write(row)'),
        (opens_the_table, 'self.tables.table("control")'),
        (names_the_writer, "from integrations.storage.control import ControlWriter"),
        (names_the_writer, "control.ControlWriter(tables).commit(row)"),
        (called("commit"), "def f(control): control.commit(row)"),
        (called("write"), "services.tables.rest_table(name).write(row)"),
        (called("added"), "change.write(control.audit.added(entry))"),
        (called("put", "put_all"), "account.services.due.put(line)"),
        (catches_a_conflict, "try:\n    f()\nexcept (KeyError, VersionConflict):\n    pass"),
        (catches_a_conflict, "with contextlib.suppress(VersionConflict):\n    f()"),
    ],
)
def test_a_way_around_it_is_seen(wanted: Callable[[ast.AST], str | None], source: str) -> None:
    assert list(of_function(ast.parse(source), wanted))


def test_a_unit_of_work_that_nothing_opens_is_seen() -> None:
    assert opened_without_with(ast.parse("change = account.change()\nchange.write(row)"))
    assert not opened_without_with(ast.parse("with f(), account.change() as change:\n    change.write(row)"))
