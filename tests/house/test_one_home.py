"""Each of these is decided in one file, which the architecture links; its numbers and tables are nowhere else."""

import ast
import re
from collections.abc import Callable
from datetime import timedelta
from enum import Enum
from pathlib import Path

import pytest

from integrations.domain import causes, refusals, retention, retry_delays
from integrations.domain.connect.failures import ADVICE
from integrations.domain.csp.gdap import CspAuth
from integrations.domain.statuses import EXPLANATIONS, SyncLabel
from integrations.domain.sync import datasets
from integrations.microsoft import limits
from integrations.storage.control import KINDS
from integrations.views.table import tenant_row
from shared.microsoft.sign_in import RefusalKind
from tests.house.sources import Sources, called, found, hits, named_number, numbers, sources
from tests.house.test_house import tracked

CAUSES = "integrations/domain/causes.py"
DATASETS = "integrations/domain/sync/datasets.py"
LIMITS = "integrations/microsoft/limits.py"
REFUSALS = "integrations/domain/refusals.py"
RETENTION = "integrations/domain/retention.py"
RETRY_DELAYS = "integrations/domain/retry_delays.py"
RETRY_POLICY = "shared/microsoft/graph/retry_policy.py"
STATUSES = "integrations/domain/statuses.py"
FAILURES = "integrations/domain/connect/failures.py"
REMOVAL = "integrations/actions/removal/"
VIEWS = "integrations/views/"

# The question as docs/architecture.md has it, what its line there must name, and what is true of the home itself.
HOMES: dict[str, tuple[list[str], Callable[[], bool]]] = {
    "how long a Retry-After is respected": (
        [RETRY_DELAYS, RETRY_POLICY],
        lambda: timedelta(minutes=15) == retry_delays.RETRY_AFTER_LONGEST,
    ),
    "what a removal deletes": ([f"{REMOVAL}data.py"], lambda: DELETED.keys() | KEPT.keys() == KINDS.keys()),
    "when vanished rows are believed": ([DATASETS], lambda: not datasets.is_mass_loss(20, 20)),
    "how long each thing is kept": ([RETENTION], lambda: timedelta(days=400) == retention.AUDIT_ENTRIES),
    "where a status text comes from": ([STATUSES, REFUSALS], lambda: bool(EXPLANATIONS and refusals.OF_CSP)),
    "the JSON of a tenant": ([VIEWS], lambda: tenant_row.TenantRow.__module__.startswith("integrations.views.")),
    "how many requests run at once": ([LIMITS], lambda: limits.Service.DIRECTORY.in_flight > 1),
    "what a Microsoft error leads to": ([CAUSES], lambda: callable(causes.cause_of) and callable(causes.outcome_of)),
}

# Kinds of control rows that a removal deletes, as attributes of Control; and why it leaves the others.
DELETED = {
    "integration": "integrations",
    "credential": "credentials",
    "report": "reports",
    "facts": "access_states",
    "tenant": "tenants",
    "map": "reservations",
    "flow": "flows",
    "starting": "flow_starts",
    "run": "runs",
    "removal": "removals",
    "parting": "tenant_removals",
    "remove_all": "remove_all",
    "watch": "watches",
    "summary": "summaries",
    "history": "history",
    "user_sync_chip": "user_sync_chips",
}
KEPT = {
    "organization": "the MSP's own, and may be mapped to other tenants",
    "syncro_tenant": "the same",
    "outbox": "deleted when its message is sent",
    "audit": "kept for its own time (retention)",
    "seal": "the same",
    "audit_key": "signs the receipts of removals",
    "plan": "the account's, whatever it has integrated",
    "settings": "the same",
    "exceptions": "the same; but those of the tenant are taken out",
    "answer": "kept for a day (retention)",
    "erasure_salt": "of people who were erased, whatever the account has integrated",
    "erased": "the same",
}

# Durations of days and hours that say how often, how far or how soon: not how long anything is kept.
NOT_RETENTION = {
    ("integrations/actions/audit/signing.py", "timedelta(days=7)"): "how often the signing key is encrypted again",
    ("integrations/domain/assets/devices/fleet.py", "timedelta(days=1)"): "reports this close tell no record apart",
    ("integrations/domain/assets/devices/fleet.py", "timedelta(days=30)"): "how soon a device counts as not in use",
    ("integrations/domain/audit/seals.py", "timedelta(hours=1)"): "how late an entry may be written",
    ("integrations/domain/csp/gdap.py", "timedelta(days=30)"): "how far the page looks ahead for access that ends",
    ("integrations/domain/csp/gdap.py", "timedelta(days=7)"): "the page's notice before access ends",
    ("integrations/domain/evaluations/progress.py", "timedelta(days=1)"): "a day",
    ("integrations/domain/evaluations/progress.py", "timedelta(days=7)"): "how often everything is evaluated",
    ("integrations/domain/evaluations/progress.py", "timedelta(hours=5)"): "how often that is confirmed",
    ("integrations/domain/jobs/orders.py", "timedelta(days=31)"): "how far ahead a message's time may be",
    ("integrations/domain/insights/scores.py", "timedelta(days=7)"): "how far back a score is compared",
    ("integrations/domain/licenses/waste.py", "timedelta(days=30)"): "how long an account is new",
    ("integrations/domain/licenses/waste.py", "timedelta(days=90)"): "how soon somebody counts as inactive",
    ("integrations/views/security/secure_score.py", "timedelta(days=90)"): "how much of the Secure Score is drawn",
    ("integrations/domain/sync/cadence.py", "timedelta(hours=24)"): "how often a data set is read",
    ("integrations/domain/sync/cadence.py", "timedelta(hours=5)"): "how often an unchanged cursor is written",
    ("integrations/domain/sync/cadence.py", "timedelta(hours=6)"): "how often a data set is read",
    ("integrations/domain/sync/change_notifications.py", "timedelta(days=2)"): "how soon subscriptions are renewed",
    ("integrations/domain/sync/change_notifications.py", "timedelta(days=28)"): "how long Microsoft lets them live",
    ("integrations/domain/sync/schedule.py", "timedelta(hours=24)"): "how often an unmapped tenant is checked",
}
# A full reading once in so many days, where each data set says so.
READERS = "integrations/microsoft/readers/"

NOT_RETRY = {
    ("integrations/actions/connect/integrate.py", "_PAUSE_S"): "between two attempts of one request, in milliseconds",
}

AT_STORAGE = {("integrations/storage/data/fences.py", "_AT_ONCE"): "requests to storage, not to Microsoft"}


@pytest.fixture(scope="module")
def product(root: Path) -> Sources:
    return sources(root, "integrations", "shared")


@pytest.fixture(scope="module")
def app(product: Sources) -> Sources:
    return {name: tree for name, tree in product.items() if name.startswith("integrations/")}


def outside(trees: Sources, *homes: str) -> Sources:
    return {name: tree for name, tree in trees.items() if not name.startswith(homes)}


@pytest.mark.parametrize("question", HOMES)
def test_each_has_one_home_that_the_architecture_links(root: Path, question: str) -> None:
    homes, is_there = HOMES[question]
    text = (root / "docs" / "architecture.md").read_text()
    line = next(it for it in text.splitlines() if it.startswith(f"| {question} |"))

    assert [it for it in homes if it not in line] == []
    assert all((root / it).exists() for it in homes)
    assert is_there()


# How long a Retry-After is respected, and how long work waits.

delay = named_number(r"(?i)retry|pause|delay|backoff|again|come_back|wait_s")


def shortens_a_wait(node: ast.AST) -> str | None:
    """A limit of Microsoft's wait with a number of its own."""
    if called(node) != "min" or not isinstance(node, ast.Call) or "wait_s" not in ast.unparse(node):
        return None
    others = [it for it in node.args if "wait_s" not in ast.unparse(it)]
    return ast.unparse(node) if any(numbers(it) for it in others) else None


def test_how_long_work_waits_stands_in_one_file(app: Sources) -> None:
    assert found(outside(app, RETRY_DELAYS), delay) == NOT_RETRY.keys()


def test_a_retry_after_is_limited_in_one_place_a_level(product: Sources) -> None:
    assert found(product, shortens_a_wait) == set()
    users = {name for name, tree in product.items() if "RETRY_AFTER_LONGEST" in ast.unparse(tree)}
    assert users == {RETRY_DELAYS, "integrations/domain/sync/schedule.py"}


# What a removal deletes.


def deleted_kind(node: ast.AST) -> str | None:
    """The kind of control rows that a call deletes: control.tenants.removed(...)."""
    if called(node) not in {"removed", "dropped"} or not isinstance(node, ast.Call):
        return None
    on = getattr(node.func, "value", None)
    return on.attr if isinstance(on, ast.Attribute) else None


def test_every_kind_of_row_is_deleted_by_a_removal_or_has_a_reason_to_stay(app: Sources) -> None:
    removal = {name: tree for name, tree in app.items() if name.startswith(REMOVAL)}
    watches = {"integrations/actions/sync/change_notifications.py": "watches"}  # ``end_watch``, which a removal calls

    assert {kind for _, kind in found(removal, deleted_kind)} == set(DELETED.values()) - set(watches.values())
    assert any(called(node) == "end_watch" for tree in removal.values() for node in ast.walk(tree))
    assert not DELETED.keys() & KEPT.keys()


def test_synced_data_is_deleted_by_removals_and_purges_alone(app: Sources) -> None:
    sweeps = {name for name, hit in found(app, called) if hit == "Sweeper"}

    assert sweeps == {f"{REMOVAL}data.py", "integrations/actions/mapping/purge.py"}


# When vanished rows are believed.

loss = named_number(r"(?i)vanish|mass|loss|held_back")


def share_of_rows(node: ast.AST) -> str | None:
    is_share = isinstance(node, ast.Constant) and node.value == datasets.MASS_LOSS_SHARE
    return "a share of 30 %" if is_share else None


def test_when_vanished_rows_are_believed_stands_in_one_file(product: Sources) -> None:
    others = outside(product, DATASETS)

    assert found(others, loss) == {(RETENTION, "VANISHED_CUSTOMERS")}
    assert found(others, share_of_rows) == set()
    assert {name for name, hit in found(product, called) if hit == "is_mass_loss"} == {
        "integrations/storage/data/changes.py"
    }


# How long each thing is kept.

kept = named_number(r"(?i)kept|keep|retention|retain|forget|purge|expire_after")


def days(node: ast.AST) -> str | None:
    is_long = called(node) == "timedelta" and isinstance(node, ast.Call)
    units = {it.arg for it in node.keywords if numbers(it.value)} if is_long else set()  # type: ignore[attr-defined]
    return ast.unparse(node) if units & {"weeks", "days", "hours"} else None


def test_how_long_each_thing_is_kept_stands_in_one_file(app: Sources) -> None:
    others = outside(app, RETENTION, RETRY_DELAYS, READERS)

    assert found(others, days) == NOT_RETENTION.keys()
    assert {it for it in found(others, kept) if it[1].isupper()} == set()


def test_readers_have_no_durations_but_those_between_full_readings(app: Sources) -> None:
    readers = {name: tree for name, tree in app.items() if name.startswith(READERS)}
    between = {
        days(it.value)
        for tree in readers.values()
        for it in ast.walk(tree)
        if isinstance(it, ast.keyword) and it.arg == "full_read_every"
    }

    assert {hit for _, hit in found(readers, days)} == between


# Where a status text comes from.


def texts() -> set[str]:
    """Every sentence that explains a status, and advises what to do."""
    words = [*refusals.OF_CSP.values(), *refusals.OF_JOURNEY.values(), *ADVICE.values(), *EXPLANATIONS.values()]
    return {text for it in words for text in (it if isinstance(it, tuple) else ()) if isinstance(text, str)} - _SHORT


_SHORT = {it for explained in EXPLANATIONS.values() for it in [explained.reason]} | {"Nothing to do."}
LABELS = {it.value for it in SyncLabel if " " in it.value} | {it.value for it in CspAuth if " " in it.value}


def status_text(node: ast.AST) -> str | None:
    text = node.value if isinstance(node, ast.Constant) else None
    return text if isinstance(text, str) and text in texts() | LABELS else None


def explains(node: ast.AST) -> str | None:
    return called(node) if called(node) in {"Explanation", "Words"} else None


def test_status_texts_stand_in_their_tables_and_labels_in_their_enums(app: Sources) -> None:
    tables = outside(app, STATUSES, REFUSALS, FAILURES, "integrations/domain/csp/gdap.py")

    assert found(tables, status_text) == set()
    assert found(tables, explains) == set()


# Sentences of the page that happen to be a status's: they are said of something else.
OF_THE_PAGE = {"A sync is queued and starts in a moment.": "said of a run that was just ordered, not of the tenant"}


def test_the_page_has_no_status_texts_of_its_own(root: Path) -> None:
    sentences = {it for it in texts() if " " in it}
    page_texts = {name: (root / name).read_text() for name in tracked(root, "integrations/portal/*.js")}

    assert {it for it in sentences for text in page_texts.values() if it in text} == OF_THE_PAGE.keys()


# The JSON of a tenant.


def tenant_json(node: ast.AST) -> str | None:
    """A class of a tenant's row, or of its details; or a row that is made."""
    if isinstance(node, ast.ClassDef) and re.fullmatch(r"Tenant(Row|Details|View|Page)\w*", node.name):
        return node.name
    return "TenantRow()" if called(node) == "TenantRow" else None


def test_the_json_of_a_tenant_stands_in_the_views(app: Sources) -> None:
    assert found(outside(app, VIEWS), tenant_json) == set()
    assert {hit for _, hit in found(app, tenant_json)} >= {"TenantRow", "TenantRow()"}


# How many requests run at once.

at_once = named_number(r"(?i)in_flight|at_once$|per_second|workers|concurren|parallel|semaphore")


def threads(node: ast.AST) -> str | None:
    is_pool = called(node) in {"ThreadPoolExecutor", "Semaphore", "BoundedSemaphore", "RateLimit"}
    return ast.unparse(node) if is_pool and numbers(node) else None


def test_how_many_requests_run_at_once_stands_in_one_file(app: Sources) -> None:
    others = outside(app, LIMITS, "integrations/actions/audit/")  # where rows are deleted at once, not requested

    assert found(others, at_once) == AT_STORAGE.keys()
    assert found(others, threads) == set()


# What a Microsoft error leads to.

PARTNER_CODES = frozenset(causes._CSP_CAUSE_OF_CODE)


def refusal(node: ast.AST) -> str | None:
    """A kind of refusal that something is made of."""
    is_kind = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "RefusalKind"
    return node.attr if is_kind else None  # type: ignore[attr-defined]


def partner_code(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and node.value in PARTNER_CODES else None


def table_of_errors(node: ast.AST) -> str | None:
    """A table from classes of Microsoft's errors to one of our enums: pairs or a dict."""
    pairs: list[tuple[ast.AST, ast.AST]] = []
    if isinstance(node, ast.Dict):
        pairs = [(key, value) for key, value in zip(node.keys, node.values, strict=True) if key is not None]
    elif isinstance(node, ast.Tuple | ast.List):
        pairs = [(it.elts[0], it.elts[1]) for it in node.elts if isinstance(it, ast.Tuple) and len(it.elts) == 2]
    errors = [
        ast.unparse(key) for key, value in pairs if ast.unparse(key) in ERRORS and isinstance(value, ast.Attribute)
    ]
    return ", ".join(errors) or None


ERRORS = {name for name, it in vars(causes).items() if isinstance(it, type) and issubclass(it, Exception)}


def test_what_a_microsoft_error_leads_to_stands_in_one_file(product: Sources) -> None:
    others = outside(product, CAUSES, "shared/microsoft/sign_in/")

    assert found(others, refusal) == set()
    assert found(others, partner_code) == set()
    assert found(others, table_of_errors) == set()
    assert issubclass(RefusalKind, Enum)
    assert {"Denied", "Throttled", "ReaderFailed"} <= ERRORS


@pytest.mark.parametrize(
    ("find", "source"),
    [
        (delay, "_LOOK_AGAIN_S = 300.0"),
        (delay, "PAUSE: timedelta = timedelta(minutes=1)"),
        (delay, "raise Conflict(text, wait_s=2.0)"),
        (shortens_a_wait, "pause = min(error.wait_s, 900)"),
        (deleted_kind, "change.write(control.organizations.removed(stored))"),
        (deleted_kind, "change.write(*[self.account.control.seals.dropped(key) for key in keys])"),
        (loss, "MOST_VANISHED = 20"),
        (share_of_rows, "return vanished > 0.3 * before"),
        (kept, "_KEPT_FOR = 90"),
        (days, "KEPT = timedelta(days=30)"),
        (days, "return at + datetime.timedelta(hours=36)"),
        (status_text, 'Explained("Auth Error")'),
        (status_text, f'detail = "{next(iter(EXPLANATIONS.values())).detail}"'),
        (explains, "Explanation(SyncLabel.ERROR, 'why', 'what', 'how')"),
        (tenant_json, "class TenantRow(msgspec.Struct): ..."),
        (tenant_json, "return tenant_row.TenantRow(name=name)"),
        (at_once, "_AT_ONCE = 8"),
        (at_once, "Throttle(in_flight=8)"),
        (threads, "with ThreadPoolExecutor(4) as pool: ..."),
        (refusal, "_NOT_YET = {RefusalKind.CONSENT_MISSING}"),
        (partner_code, 'if error.graph_code == "900308": ...'),
        (table_of_errors, "{Denied: SyncCause.PERMISSION_MISSING}"),
        (table_of_errors, "((Throttled, Outcome.STALE), (Denied, Outcome.DENIED))"),
    ],
)
def test_a_second_home_is_seen(find: Callable[[ast.AST], str | None], source: str) -> None:
    assert list(hits(ast.parse(source), find))
