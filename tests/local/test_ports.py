"""Ports in use, and other ones instead."""

import socket
from dataclasses import asdict
from pathlib import Path

import pytest

from local.ports import PortProblem, Ports, chosen_ports
from tests.local.starts import Start, other_ports


def test_a_port_in_use_is_named_with_the_option_that_changes_it(tmp_path: Path) -> None:
    ports = other_ports()
    with socket.create_server(("127.0.0.1", ports.graph)):
        start = Start(tmp_path, ports)
        assert start.ended() == 1
    assert f"Port {ports.graph} is in use" in start.printed
    assert "make run PORTS=graph=" in start.printed
    assert "Traceback" not in start.printed


def test_other_ports_are_those_of_the_next_start_too(tmp_path: Path) -> None:
    assert chosen_ports("", tmp_path) == Ports()
    assert chosen_ports("app=8071,table=11002", tmp_path) == Ports(app=8071, table=11002)
    assert chosen_ports("", tmp_path) == Ports(app=8071, table=11002)
    assert chosen_ports("graph=8444", tmp_path) == Ports(app=8071, table=11002, graph=8444)


def test_a_damaged_list_of_ports_is_none(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"app": 80')
    assert chosen_ports("", tmp_path) == Ports()


@pytest.mark.parametrize(
    "text", ["app", "app=", "app=x", "app=0", "app=70000", "page=8071", "app=7070", "app=\N{DEVANAGARI DIGIT SEVEN}"]
)
def test_a_wrong_choice_of_ports_is_explained(tmp_path: Path, text: str) -> None:
    with pytest.raises(PortProblem, match="app="):
        chosen_ports(text, tmp_path)
    assert not (tmp_path / "ports.json").exists()


def test_the_documented_ports_are_those_of_the_code() -> None:
    lines = (Path(__file__).resolve().parents[2] / "docs" / "operate.md").read_text().splitlines()
    for name, port in asdict(Ports()).items():
        assert any(line.startswith(f"| {port} | `{name}` |") for line in lines), (name, port)
