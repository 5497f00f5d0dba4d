"""What somebody did in ``make run`` is there after the next one, however the last one ended."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.settings import read_json
from local.ports import Ports
from tests.exhaustive import exhaustive
from tests.local.starts import ROOT, Start, other_ports, started
from tests.waiting import until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def same_ports() -> Ports:
    return other_ports()


@pytest.fixture
def ports() -> Ports:
    """Other ones than before, as those are in use."""
    return other_ports()


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory, same_ports: Ports) -> Path:
    """The folder of a first day: two tenants were connected, mapped and synced, and Contoso Dental was removed.

    One of the two is not of the example, so that nothing but what was kept brings it back.
    """
    folder = tmp_path_factory.mktemp("first-day") / "state"
    with started(folder, same_ports) as start:
        alice = start.alice
        start.world.add_tenant("Blue Yonder", users=4)
        for name in ("Tailspin Toys", "Blue Yonder"):
            tenant = start.tenant(name)
            alice.integrate(tenant)
            alice.map(tenant, alice.organization(name))
            assert alice.await_sync(tenant)["sync_status"]["label"] == "Success"
        contoso = alice.row(start.tenant("Contoso Dental"))
        alice.ask("DELETE", f"/integrations/{contoso['integration_id']}?confirm=Contoso%20Dental")
        assert start.end() == 0
    return folder


@pytest.fixture
def folder(left: Path, tmp_path: Path) -> Path:
    return shutil.copytree(left, tmp_path / "state")


@pytest.fixture(scope="module")
def again(left: Path, same_ports: Ports, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """The second day: the same after a restart."""
    with started(shutil.copytree(left, tmp_path_factory.mktemp("second-day") / "state"), same_ports) as start:
        yield start


def names(start: Start) -> set[str]:
    return {row["name"] for row in start.alice.rows()}


@pytest.mark.parametrize("name", ["Blue Yonder", *exhaustive("Tailspin Toys")])
def test_a_tenant_that_was_connected_still_syncs_after_a_restart(again: Start, name: str) -> None:
    run = again.sync(again.tenant(name))

    assert run["state"] == "done", run


def test_the_sign_in_of_a_csp_is_still_good_after_a_restart(again: Start) -> None:
    row = again.alice.ask("GET", "/integrations")["csps"][0]
    again.alice.ask("POST", f"/integrations/{row['id']}/access-check")
    until(lambda: again.alice.csp(row["id"])["last_synced_at"] != row["last_synced_at"])

    assert again.alice.csp(row["id"])["sync_status"]["label"] == "Success"
    assert "reauthorizing" not in again.printed


def test_what_was_removed_stays_removed_after_a_restart(again: Start) -> None:
    assert "integrating" not in again.printed
    assert "Tailspin Toys" in names(again)
    assert "Contoso Dental" not in names(again)


@pytest.mark.parametrize("name", ["microsoft/ca.pem", "microsoft/server.pem", "portal-key.pem", "secret-key.txt"])
def test_keys_and_certificates_are_the_same_after_a_restart(left: Path, again: Start, name: str) -> None:
    assert (again.folder / name).read_bytes() == (left / name).read_bytes()


def test_the_log_of_a_healthy_run_has_no_complaints(again: Start) -> None:
    again.sync(again.tenant("Tailspin Toys"))
    said = (again.folder / "app.log").read_text() + again.printed

    assert "synced tenant" in said
    assert "Traceback" not in said
    assert "pool is full" not in said


def test_a_folder_is_used_by_one_start_at_a_time(again: Start) -> None:
    other = Start(again.folder, other_ports())

    assert other.ended() == 1
    assert f"uses {again.folder}" in other.printed
    assert "Traceback" not in other.printed


def test_the_sample_settings_name_the_ca_of_the_simulated_cloud(left: Path) -> None:
    sample = read_json(ROOT / "local.settings.sample.json")["Values"]["MICROSOFT_CA_FILE"]
    assert (left / Path(sample).relative_to(".local")).read_text().startswith("-----BEGIN CERTIFICATE")


def test_a_start_that_was_killed_leaves_the_next_one_everything(folder: Path, ports: Ports) -> None:
    with started(folder, ports) as start:
        wingtip = start.tenant("Wingtip Clinics")
        start.alice.integrate(wingtip)
        start.end(signal.SIGKILL)
    with started(folder, ports) as start:
        start.alice.map(wingtip, start.alice.organization("Wingtip"))
        assert start.alice.await_sync(wingtip)["sync_status"]["label"] == "Success"


@pytest.mark.exhaustive
def test_a_torn_file_of_what_microsoft_knew_does_not_break_the_next_start(folder: Path, ports: Ports) -> None:
    state = folder / "microsoft" / "world.state"
    state.write_bytes(state.read_bytes()[:1000])
    with started(folder, ports) as start:
        assert start.sync(start.tenant("Blue Yonder"))["state"] == "done"


@pytest.mark.exhaustive
def test_a_start_can_begin_anew_everywhere_and_again_when_it_was_killed_before_the_example_was_there(
    folder: Path, ports: Ports
) -> None:
    first = Start(folder, ports, "--fresh")
    first.await_line("integrating Northwind Partner")
    first.end(signal.SIGKILL)
    with started(folder, ports) as start:
        assert "begins anew" in start.printed
        assert {"Contoso Dental", "Fabrikam Legal", "Adatum Foods"} <= names(start)
        assert "Tailspin Toys" not in names(start)
        start.alice.integrate(start.tenant("Tailspin Toys"))
        assert "Tailspin Toys" in names(start)
