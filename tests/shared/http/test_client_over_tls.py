"""The HTTP client over TLS, against the simulated Microsoft cloud: deadlines, redirects, certificates."""

import socket

import pytest

from local.microsoft.cloud import Running
from shared.http.client import HttpClient, Unreachable


def test_a_body_that_drips_is_given_up_at_the_deadline(microsoft: Running) -> None:
    microsoft.world.fault(host="graph", kind="drip")
    with pytest.raises(Unreachable, match="slowly"):  # what drips goes on for minutes
        HttpClient(ca_file=microsoft.ca_file).send("GET", f"{microsoft.graph_url}/v1.0/users", within_s=2)


def test_redirects_are_answers_and_not_followed(microsoft: Running) -> None:
    microsoft.world.fault(host="graph", status=302, headers={"Location": "https://evil.example/"}, times=1)

    answer = HttpClient(ca_file=microsoft.ca_file).send("GET", f"{microsoft.graph_url}/v1.0/users")

    assert answer.status == 302


def test_a_stranger_with_another_certificate_is_not_talked_to(microsoft: Running) -> None:
    assert HttpClient(ca_file=microsoft.ca_file).send("GET", f"{microsoft.graph_url}/v1.0/users").status == 401
    with pytest.raises(Unreachable, match="SSLCertVerificationError"):
        HttpClient().send("GET", f"{microsoft.graph_url}/v1.0/users")


def test_a_port_nobody_listens_on_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    with pytest.raises(Unreachable):
        HttpClient().send("GET", f"https://127.0.0.1:{port}/")
