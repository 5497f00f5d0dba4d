"""The house keeps its word: what the documents say is what the code does."""

import ast
import dataclasses
import fnmatch
import re
import subprocess
import sys
from pathlib import Path

import pytest

from integrations.actions.jobs.registry import JOBS
from integrations.domain.jobs.given_up import MOST_TRIES
from integrations.microsoft.permissions import (
    APPLICATION_PERMISSIONS,
    CORE_PERMISSIONS,
    CUSTOMER_SCOPES,
    FEATURE_PERMISSIONS,
    MORE_PERMISSIONS,
    OPTIONAL_PERMISSIONS,
    OWN_REMOVAL,
    PARTNER_CENTER_SCOPE,
    PARTNER_SCOPES,
    SIGN_IN_SCOPES,
)
from integrations.microsoft.registry import DATASETS
from integrations.settings import Settings
from integrations.triggers import build_app
from local.host.indexing.index import Function, index
from local.host.settings import read_json
from local.portal_client import APP_ROLES, DELEGATED
from shared.errors import AppError
from shared.http.responses import STATUS_OF

LONGEST = 400
LONG_FOR_A_REASON: dict[str, str] = {}
LOADED = """
import gc, function_app
from integrations.domain.baselines.catalogue import catalogue
print(catalogue.cache_info().misses, gc.isenabled(), gc.get_freeze_count() > 50_000)
"""


def tracked(root: Path, *patterns: str) -> list[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split()


@pytest.fixture(scope="module")
def functions() -> dict[str, Function]:
    return index(build_app(lambda: None), {})  # type: ignore[arg-type, return-value]


def test_the_sample_settings_are_the_settings(root: Path) -> None:
    sample = set(read_json(root / "local.settings.sample.json")["Values"])
    source = (root / "integrations" / "settings.py").read_text()
    read = set(re.findall(r'reader\.\w+\(\s*"(\w+)"', source))

    assert sample == read | {"FUNCTIONS_WORKER_RUNTIME", "PYTHON_THREADPOOL_THREAD_COUNT"}
    assert len(read) == len(dataclasses.fields(Settings))


def test_queues_that_are_written_are_read_and_so_are_their_poison_queues(functions: dict[str, Function]) -> None:
    read = {str(it.trigger_settings["queueName"]) for it in functions.values() if it.trigger == "queueTrigger"}
    written = {job.queue for job in JOBS}

    assert read == written | {f"{queue}-poison" for queue in written}


def test_a_cold_start_reads_no_baselines_and_leaves_what_it_loads_out_of_later_collections(root: Path) -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], cwd=root, check=True, capture_output=True, text=True)

    assert loaded.stdout.split() == ["0", "True", "True"]


def test_a_job_is_given_up_after_as_many_tries_as_the_host_makes(root: Path) -> None:
    host = read_json(root / "host.json")

    assert host["extensions"]["queues"]["maxDequeueCount"] == MOST_TRIES


def test_every_error_of_ours_becomes_a_status() -> None:
    def family(kind: type[AppError]) -> list[type[AppError]]:
        return [kind, *(it for child in kind.__subclasses__() for it in family(child))]

    for kind in family(AppError):
        assert any(parent in STATUS_OF for parent in kind.__mro__), kind


def test_permissions_are_frozen_and_each_has_its_feature() -> None:
    assert set(APPLICATION_PERMISSIONS) == {
        "Organization.Read.All", "User.Read.All", "LicenseAssignment.Read.All", "Directory.Read.All",
        "Device.Read.All", "DeviceManagementManagedDevices.Read.All", "SecurityEvents.Read.All", "AuditLog.Read.All",
        "Policy.Read.All",
    }  # fmt: skip
    assert APPLICATION_PERMISSIONS.keys() >= CORE_PERMISSIONS
    assert set(FEATURE_PERMISSIONS) == {
        "RoleManagement.Read.Directory", "RoleManagementPolicy.Read.Directory", "Application.Read.All",
        "RoleManagementPolicy.Read.AzureADGroup", "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    }  # fmt: skip
    assert set(OPTIONAL_PERMISSIONS) == {"MailboxSettings.Read", "Place.Read.All"}
    assert {it.permission for it in DATASETS} <= APPLICATION_PERMISSIONS.keys() | MORE_PERMISSIONS.keys()
    assert set(APP_ROLES) == APPLICATION_PERMISSIONS.keys() | MORE_PERMISSIONS.keys() | {OWN_REMOVAL}
    assert set(PARTNER_SCOPES) == {"User.Read", "GroupMember.Read.All", "DelegatedAdminRelationship.Read.All"}
    assert set(CUSTOMER_SCOPES) == {"Application.Read.All", "AppRoleAssignment.ReadWrite.All"}
    assert set(DELEGATED) == {*PARTNER_SCOPES, *SIGN_IN_SCOPES, PARTNER_CENTER_SCOPE}
    assert not any("Write" in permission for permission in (*APPLICATION_PERMISSIONS, *MORE_PERMISSIONS))


def test_no_file_grows_past_four_hundred_lines(root: Path) -> None:
    long = {
        it: n
        for it in tracked(root, "*.py", "*.js", "*.css")
        if (n := len((root / it).read_text().splitlines())) > LONGEST
    }

    assert {name: lines for name, lines in long.items() if name not in LONG_FOR_A_REASON} == {}


def test_rooms_are_not_called_utils(root: Path) -> None:
    names = {part.removesuffix(".py") for it in tracked(root, "*.py") for part in Path(it).parts}

    assert not names & {"utils", "helpers", "common", "base", "misc"}


def test_the_environment_is_read_in_the_front_door_only(root: Path) -> None:
    readers = [
        it
        for it in tracked(
            root, "function_app.py", "integrations/**/*.py", "shared/**/*.py", "integrations/*.py", "shared/*.py"
        )
        if "os.environ" in (root / it).read_text()
    ]

    assert readers == ["function_app.py", "integrations/record/__main__.py"]  # what is started by itself


def test_graph_paths_live_in_one_room(root: Path) -> None:
    """Paths of Graph as string constants; the action that proves a signer names two, and says where they go."""
    allowed = {"integrations/actions/connect/callback.py", "integrations/actions/connect/prove_consent.py"}
    found = set()
    for name in tracked(root, "integrations/*.py", "integrations/**/*.py"):
        if name.startswith("integrations/microsoft/"):
            continue
        for node in ast.walk(ast.parse((root / name).read_text())):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and re.match(r"/(users|me|organization|subscribedSkus)\b", node.value)
            ):
                found.add(name)

    assert found <= allowed


def test_what_ships_leaves_the_local_cloud_and_the_tests_behind(root: Path) -> None:
    ignored = [line.strip() for line in (root / ".funcignore").read_text().splitlines() if line.strip()]
    shipped = {
        it.split("/")[0]
        for it in tracked(root)
        if not any(fnmatch.fnmatch(it.split("/")[0], pattern) for pattern in ignored)
    }

    assert shipped == {"function_app.py", "host.json", "requirements.txt", "integrations", "shared"}


def test_requirements_are_pinned(root: Path) -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (root / name).read_text().splitlines():
            if line and not line.startswith(("#", "-r")):
                assert "==" in line, line


def test_every_requirement_is_pinned_to_one_version(root: Path) -> None:
    names = list(tracked(root, "*requirements*.txt"))
    lines = [line for name in names for line in (root / name).read_text().splitlines()]

    assert {"requirements.txt", "requirements-dev.txt"} < set(names)
    assert [
        it for it in lines if it and not it.startswith(("#", "-r")) and not re.fullmatch(r"[\w.-]+==[\w.]+", it)
    ] == []


def test_the_page_puts_ids_into_paths_in_one_way_only(root: Path) -> None:
    """A path of the API that is put together with anything in it is made by ``at`` of api.js, which checks it."""
    for name in tracked(root, "integrations/portal/*.js"):
        text = (root / name).read_text()
        assert re.findall(r"(?<!\bat)`/[^`]*\$\{", text) == (["`/api${"] if name.endswith("/api.js") else []), name
        assert not re.search(r"ask(?:Rows)?\((?:\"[A-Z]+\", )?`", text), name


def test_every_view_waits_until_nothing_is_pressed(root: Path) -> None:
    """``current`` of page.js says later whether a view is still wanted; a promise that nobody awaits is always true."""
    asked = {name: (root / name).read_text() for name in tracked(root, "integrations/portal/*.js")}
    calls = [call for text in asked.values() for call in re.findall(r"(?:await )?\bcurrent\(\)", text)]
    assert len(calls) > 10
    assert set(calls) == {"await current()"}


def test_the_committed_files_name_no_registry_and_no_machine(root: Path) -> None:
    assert '"resolved"' not in (root / "package-lock.json").read_text()
    for name in tracked(root, "*.py", "*.md", "Makefile", "*.toml", "*.json"):
        assert not re.search(r"(?<![\w.])/(work|root|tmp)/\w", (root / name).read_text()), name


def test_the_threat_table_leaves_no_number_out(root: Path) -> None:
    numbers = re.findall(r"^\| T(\d\d) .*`test_", (root / "docs" / "threats.md").read_text(), re.MULTILINE)
    assert [int(it) for it in numbers] == list(range(1, 46))


def test_every_test_the_threat_table_names_exists(root: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", (root / "docs" / "threats.md").read_text()))
    written = {
        found
        for it in tracked(root, "tests/**/*.py")
        for found in re.findall(r"^def (test_\w+)", (root / it).read_text(), re.MULTILINE)
    }

    assert named
    assert named - written == set()
