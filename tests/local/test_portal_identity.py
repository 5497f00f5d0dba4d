"""The portal's sign-in for one machine issues tokens as the HTTP contract describes them."""

import json
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import jwt
import pytest
import requests

from local.portal_identity import PERSONAS, PortalIdentity, running_portal_identity

ROOT = Path(__file__).resolve().parents[2]
_FIFTEEN_MINUTES = 900


@pytest.fixture(scope="module")
def issuer():
    with running_portal_identity() as found:
        yield found


def read(issuer: PortalIdentity, token: str) -> dict:
    """The claims, after the checks that any reader of the portal's tokens makes."""
    keys = jwt.PyJWKSet.from_dict(requests.get(issuer.jwks_url, timeout=60).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["RS256"], audience=issuer.audience, issuer=issuer.issuer)


def ask(issuer: PortalIdentity, body: bytes, **headers: str) -> requests.Response:
    return requests.post(f"{issuer.issuer}/token", data=body, headers=headers, timeout=60)


@pytest.mark.parametrize(
    ("persona", "name", "account", "role", "plan"),
    [
        ("alice", "Alice Adams", "acct_northwind", "administrator", "team"),
        ("anna", "Anna Andersen", "acct_northwind", "administrator", "team"),
        ("tess", "Tess Tech", "acct_northwind", "technician", "team"),
        ("bob", "Bob Brown", "acct_southridge", "administrator", "team"),
        ("carl", "Carl Clark", "acct_cascade", "administrator", "solo"),
    ],
)
def test_a_persona_gets_a_token_that_says_who_they_are(issuer, persona, name, account, role, plan):
    answer = ask(issuer, json.dumps({"persona": persona}).encode())
    claims = read(issuer, answer.json()["token"])

    assert answer.status_code == 200
    told = (claims["name"], claims["account_id"], claims["role"], claims["plan"])
    assert told == (name, account, role, plan)
    assert claims["sub"]


def test_a_token_lives_fifteen_minutes_from_now(issuer):
    before = int(time.time())
    told = ask(issuer, b'{"persona": "alice"}').json()
    after = time.time()
    claims = read(issuer, told["token"])
    assert claims["exp"] - claims["iat"] == _FIFTEEN_MINUTES
    assert before <= claims["iat"] <= after
    assert told["expires_at"] == claims["exp"]


def test_two_personas_are_never_the_same_user(issuer):
    subjects = {read(issuer, issuer.token(persona))["sub"] for persona in PERSONAS}
    assert len(subjects) == len(PERSONAS)


def test_the_page_can_offer_a_choice_of_personas(issuer):
    personas = requests.get(f"{issuer.issuer}/personas", timeout=60).json()
    assert [persona["id"] for persona in personas] == list(PERSONAS)
    assert all({"id", "name", "account_name", "role", "plan"} <= persona.keys() for persona in personas)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"alice"', b'{"persona": "mallory"}', b'{"persona": []}', b"x" * 10_000]
)
def test_nobody_else_gets_a_token(issuer, body):
    answer = ask(issuer, body)
    assert (answer.status_code, answer.json()) == (400, {"error": "there is no such persona"})


@pytest.mark.parametrize("path", ["/", "/token", "/personas/alice", "/jwks"])
def test_other_addresses_are_not_found(issuer, path):
    assert requests.get(issuer.issuer + path, timeout=60).status_code == 404


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://localhost:7071", "http://localhost:7071"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
        ("https://portal.example", None),
        ("http://localhost.evil.example", None),
    ],
)
def test_only_pages_of_this_machine_may_read_answers(issuer, origin, allowed):
    address = f"{issuer.issuer}/token"
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    before = requests.options(address, headers=asked, timeout=60)
    answer = ask(issuer, b'{"persona": "alice"}', Origin=origin)

    assert before.status_code == 204
    assert before.headers.get("Access-Control-Allow-Origin") == allowed
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed


def test_the_keys_show_nothing_private(issuer):
    (key,) = issuer.jwks()["keys"]
    assert (key["kty"], key["use"]) == ("RSA", "sig")
    assert not {"d", "p", "q", "dp", "dq", "qi"} & key.keys()


def test_a_test_may_change_claims_and_headers_under_the_real_key(issuer):
    forged = issuer.sign({"aud": issuer.audience, "iss": issuer.issuer, "role": "emperor"}, typ="at+jwt")
    assert read(issuer, issuer.token("alice", plan="none"))["plan"] == "none"
    assert read(issuer, forged)["role"] == "emperor"
    assert jwt.get_unverified_header(forged)["typ"] == "at+jwt"


def test_the_program_prints_where_it_is_and_stops_when_told():
    command = [sys.executable, "-m", "local.portal_identity", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        told = json.loads(program.stdout.readline())
        keys = requests.get(told["jwks_url"], timeout=60).json()["keys"]
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0
    assert told.keys() >= {"issuer", "audience", "jwks_url", "personas_url"}
    assert len(keys) == 1


def test_a_program_whose_parent_blocks_signals_still_stops_when_told():
    blocked = {signal.SIGTERM, signal.SIGINT}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    try:
        command = [sys.executable, "-m", "local.portal_identity", "--port", "0"]
        program = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    with program:
        assert program.stdout is not None
        program.stdout.readline()
        program.send_signal(signal.SIGTERM)
        assert program.wait(60) == 0


def test_a_browser_that_goes_away_before_its_answer_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    with running_portal_identity() as issuer:
        address = ("localhost", int(issuer.issuer.rpartition(":")[2]))
        with socket.create_connection(address) as browser:
            browser.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # resets at the end
            browser.sendall(b"POST /token HTTP/1.1\r\nContent-Length: 20\r\n\r\n")
            assert ask(issuer, b'{"persona": "alice"}').ok  # the other request is being read by now
    assert capfd.readouterr().err == ""


def test_the_key_is_kept_in_a_file_that_may_be_damaged(tmp_path: Path) -> None:
    key_file = tmp_path / "key.pem"
    with running_portal_identity(key_file=key_file) as first:
        token = first.token("alice")
    with running_portal_identity(key_file=key_file) as second:
        assert second.jwks() == first.jwks()
        key = jwt.PyJWKSet.from_dict(second.jwks())["portal-1"]
        assert jwt.decode(token, key, algorithms=["RS256"], audience=second.audience)["name"] == "Alice Adams"
    key_file.write_bytes(key_file.read_bytes()[:100])
    with running_portal_identity(key_file=key_file) as third:
        assert third.jwks() != first.jwks()
