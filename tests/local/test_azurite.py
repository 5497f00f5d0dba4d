"""Azurite starts, keeps accounts apart, and says what to do where it cannot."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableClient, TableServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

import local.azurite
from local.azurite import Azurite, NoAzurite, running_azurite
from local.ports import free_ports
from tests.waiting import HANGS_S

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch):
    """An environment in which no emulator is given, and one way is chosen: the one under test, else npm."""
    monkeypatch.delenv("AZURITE_CONNECTION_STRING", raising=False)
    monkeypatch.setenv("AZURITE_MODE", os.environ.get("AZURITE_MODE") or "npm")
    return monkeypatch


def test_a_row_and_a_message_come_back_as_they_were_stored(storage):
    with TableServiceClient.from_connection_string(storage) as tables:
        rows = tables.create_table("people")
        rows.upsert_entity({"PartitionKey": "acct", "RowKey": "1", "name": "Ana Ruiz"})
        assert rows.get_entity("acct", "1")["name"] == "Ana Ruiz"
    with QueueClient.from_connection_string(storage, "errands") as queue:
        queue.create_queue()
        queue.send_message("fetch")
        assert [message.content for message in queue.receive_messages()] == ["fetch"]


_KEYS = [(partition, row) for partition in ("1", "01", "a", "b") for row in ("1", "01", "1.0", "", "x", "X")]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("PartitionKey eq '1'", lambda p, _: p == "1"),
        ("PartitionKey eq '01' and RowKey eq '1'", lambda p, r: (p, r) == ("01", "1")),
        ("RowKey ge 'X' and PartitionKey eq 'a'", lambda p, r: p == "a" and r >= "X"),
        ("PartitionKey eq 'a' or PartitionKey eq 'b'", lambda p, _: p in {"a", "b"}),
        ("(PartitionKey eq 'a' and RowKey eq 'x') or RowKey eq '1'", lambda p, r: (p, r) == ("a", "x") or r == "1"),
        ("not (PartitionKey eq 'a')", lambda p, _: p != "a"),
        ("PartitionKey eq 'a' and PartitionKey eq 'b'", lambda *_: False),
        ("PartitionKey ne 'a' and RowKey eq 'x'", lambda p, r: p != "a" and r == "x"),
        ("", lambda *_: True),
    ],
)
def test_rows_are_found_by_exactly_the_keys_that_were_asked_for(storage, asked, found):
    """Whatever indexes a lookup goes through: keys that look like the same number are different keys."""
    with TableServiceClient.from_connection_string(storage) as tables:
        rows = tables.create_table("people")
        for partition, row in _KEYS:
            rows.create_entity({"PartitionKey": partition, "RowKey": row, "name": f"{partition}/{row}"})
        rows.delete_entity("1", "01")
        rows.upsert_entity({"PartitionKey": "01", "RowKey": "1.0", "name": "again"})
        rows.create_entity({"PartitionKey": "1", "RowKey": "01", "name": "1/01"})

        answer = [(it["PartitionKey"], it["RowKey"]) for it in rows.query_entities(asked)]

        assert answer == sorted(keys for keys in _KEYS if found(*keys))
        for partition, row in _KEYS:
            named = "again" if (partition, row) == ("01", "1.0") else f"{partition}/{row}"
            assert rows.get_entity(partition, row)["name"] == named


def test_an_account_finds_its_own_queues_and_tables_among_those_of_others(another_storage):
    for names in ({"errands", "extra", "post"}, {"errands", "tea"}):
        connection = another_storage()
        with (
            QueueServiceClient.from_connection_string(connection) as queues,
            TableServiceClient.from_connection_string(connection) as tables,
        ):
            for name in sorted(names):  # Azurite continues a list by the order in which queues were made
                queues.create_queue(name)
                tables.create_table(name).create_entity({"PartitionKey": "acct", "RowKey": "1", "names": len(names)})
            queues.get_queue_client("errands").send_message(str(len(names)))

            assert {it.name for it in queues.list_queues()} == names
            some = queues.list_queues(name_starts_with="e")
            assert [it.name for it in some] == sorted(name for name in names if name.startswith("e"))
            assert {it.name for it in tables.list_tables()} == names
            assert tables.get_table_client("ERRANDS").get_entity("acct", "1")["names"] == len(names)
            tables.delete_table("errands")
            tables.create_table("late")
            assert {it.name for it in tables.list_tables()} == names - {"errands"} | {"late"}
            received = queues.get_queue_client("errands").receive_messages()
            assert [message.content for message in received] == [str(len(names))]


@pytest.mark.parametrize("turn", ["first", "second"])
def test_every_test_finds_its_storage_empty(storage, turn):
    with TableServiceClient.from_connection_string(storage) as tables:
        assert [table.name for table in tables.list_tables()] == [], turn
        tables.create_table("people")


def test_accounts_do_not_see_each_other(azurite: Azurite):
    if len(azurite.connection_strings) == 1:
        pytest.skip("the emulator that was given has one account")
    one, other = azurite.connection_strings[-2:]
    with TableServiceClient.from_connection_string(one) as tables:
        tables.create_table("mine")
    with TableClient.from_connection_string(other, "mine") as table, pytest.raises(ResourceNotFoundError):
        list(table.list_entities())


def test_the_emulator_is_started_the_way_that_was_asked_for(azurite: Azurite):
    asked = os.environ.get("AZURITE_MODE")
    if os.environ.get("AZURITE_CONNECTION_STRING"):
        asked = "given"
    assert asked in {None, azurite.how}


def test_an_emulator_that_is_given_is_used_and_never_stopped(only):
    only.setenv("AZURITE_CONNECTION_STRING", "UseDevelopmentStorage=true")
    with running_azurite(accounts=5) as found:
        assert (found.how, found.connection_strings) == ("given", ("UseDevelopmentStorage=true",))


def test_a_way_nobody_knows_is_refused(only):
    only.setenv("AZURITE_MODE", "podman")
    with pytest.raises(NoAzurite, match="docker or npm"), running_azurite():
        pass


def test_a_forced_docker_that_is_absent_is_an_error_and_not_a_fallback(only, tmp_path):
    only.setenv("AZURITE_MODE", "docker")
    only.setenv("DOCKER_HOST", f"unix://{tmp_path}/nobody.sock")
    with pytest.raises(NoAzurite, match="Docker could not start Azurite"), running_azurite():
        pass


def test_ports_that_are_taken_are_named_as_the_likely_cause(only):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(NoAzurite, match=r"are its ports free\?|address already in use"),
            running_azurite(ports=(port, port, port)),
        ):
            pass


def test_data_in_a_folder_outlives_the_emulator(only, tmp_path):
    with running_azurite(location=tmp_path) as first, _people(first) as people:
        people.create_table()
        people.upsert_entity({"PartitionKey": "acct", "RowKey": "1", "name": "Ana Ruiz"})
    with running_azurite(location=tmp_path) as second, _people(second) as people:
        assert people.get_entity("acct", "1")["name"] == "Ana Ruiz"


def test_the_program_prints_where_it_is_and_stops_when_told(only, tmp_path):
    ports = ",".join(str(port) for port in free_ports(3))
    command = [sys.executable, "-m", "local.azurite", "--location", str(tmp_path), "--ports", ports]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        connection = program.stdout.readline().strip()
        with TableServiceClient.from_connection_string(connection) as tables:
            tables.create_table("people")
        program.send_signal(signal.SIGTERM)
        assert program.wait(HANGS_S) == 0
    for port in ports.split(","):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=1)


def _people(azurite: Azurite) -> TableClient:
    return TableClient.from_connection_string(azurite.connection_strings[0], "people")


@pytest.mark.exhaustive
def test_the_emulator_starts_as_docker_has_it_when_asked_to(only, tmp_path):
    """Without what teaches it to use its indexes: rows come and go all the same."""
    only.setenv("AZURITE_MODE", "npm")
    only.setenv("AZURITE_PLAIN", "1")
    with running_azurite(location=tmp_path) as azurite:
        assert azurite.describe().endswith(" (npm), in a folder, without the lookup patch")
        options = _options_of_the_emulator(str(tmp_path))
        with TableServiceClient.from_connection_string(azurite.connection_strings[0]) as tables:
            rows = tables.create_table("people")
            rows.upsert_entity({"PartitionKey": "a", "RowKey": "1", "name": "Ana Ruiz"})
            assert rows.get_entity("a", "1")["name"] == "Ana Ruiz"

    only.setenv("AZURITE_PLAIN", "0")
    with running_azurite(location=tmp_path):
        assert "azurite-lookups.cjs" in _options_of_the_emulator(str(tmp_path))
    assert "azurite-lookups.cjs" not in options


def test_reports_name_the_emulator_and_its_version(only):
    only.setenv("AZURITE_MODE", "npm")
    only.setenv("AZURITE_PLAIN", "0")
    installed = json.loads((ROOT / "node_modules" / "azurite" / "package.json").read_text())["version"]

    with running_azurite() as azurite:
        assert azurite.describe() == f"Azurite {installed} (npm), in memory, with the lookup patch"
    assert azurite.describe().startswith("Azurite of an unknown version (npm)"), "it has ended"


def test_a_patch_that_finds_nothing_to_patch_says_so_and_is_not_reported(only, tmp_path, capfd):
    only.setenv("AZURITE_MODE", "npm")
    only.setenv("AZURITE_PLAIN", "0")
    moved = tmp_path / "azurite-lookups.cjs"
    moved.write_text((ROOT / "local" / moved.name).read_text().replace('"persistence")', '"moved-elsewhere")'))
    only.setattr(local.azurite, "_LOOKUPS", moved)

    with running_azurite() as azurite:
        assert azurite.has_lookups is False
        with TableServiceClient.from_connection_string(azurite.connection_strings[0]) as tables:
            tables.create_table("people")
    assert "azurite-lookups.cjs: found nothing to patch" in capfd.readouterr().err


def _options_of_the_emulator(location: str) -> str:
    """NODE_OPTIONS of the process that keeps its data there."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if location in (process / "cmdline").read_text():
                told = dict(it.split("=", 1) for it in (process / "environ").read_text().split("\0") if "=" in it)
                return told.get("NODE_OPTIONS", "")
        except OSError:
            continue
    raise AssertionError("no emulator keeps its data there")
