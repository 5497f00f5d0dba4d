"""Claims challenges: found anywhere in the header, and met once with a new token."""

import base64
import json

import pytest

from shared.microsoft.graph import BatchRequest, Graph, TokenRejected
from shared.microsoft.graph.challenge import claims_of
from tests.shared.microsoft.graph.scripted import ROOT, Scripted, Thing, page, reply

CLAIMS = {"access_token": {"nbf": {"essential": True, "value": "1700000000"}}}


def encoded(claims: object) -> str:
    return base64.b64encode(json.dumps(claims).encode()).decode()


def challenge(claims: str, error: str = "insufficient_claims") -> str:
    return f'Bearer realm="", authorization_uri="https://login.example/authorize", error="{error}", claims="{claims}"'


PLAIN = encoded(CLAIMS)
# Its bytes need the two characters in which the alphabets of base64 differ.
BOTH_ALPHABETS = {"access_token": {"nbf": {"value": "~~~???\u00ff>>>"}}}


@pytest.mark.parametrize(
    ("header", "claims"),
    [
        (challenge(PLAIN), CLAIMS),
        (challenge(PLAIN.rstrip("=")), CLAIMS),
        (
            challenge(base64.urlsafe_b64encode(json.dumps(BOTH_ALPHABETS, ensure_ascii=False).encode()).decode()),
            BOTH_ALPHABETS,
        ),
        (f'Bearer error="insufficient_claims", Claims = "{PLAIN}", realm=""', CLAIMS),
        (f'PoP nonce="x", {challenge(PLAIN)}', CLAIMS),
        (f'{challenge(PLAIN)}, PoP claims="x"', CLAIMS),
    ],
)
def test_the_claims_are_found_wherever_they_stand(header: str, claims: object) -> None:
    assert json.loads(claims_of({"www-authenticate": header})) == claims


@pytest.mark.parametrize(
    "header",
    [
        "", 'Bearer realm=""', challenge(PLAIN, error="invalid_token"), challenge(""), challenge("%%%"),
        challenge(encoded([])), challenge(encoded({})), challenge(encoded({"access_token": None})),
        challenge(encoded({"access_token": []})), challenge(base64.b64encode(b"[" * 6_000).decode()),
        challenge(base64.b64encode(b"\xff\xfe").decode()), challenge(encoded({"access_token": {"x": "y" * 9_000}})),
        'Bearer error="insufficient_claims"',
    ],
    ids=lambda it: it[-40:],
)  # fmt: skip
def test_what_is_no_readable_challenge_names_no_claims(header: str) -> None:
    assert claims_of({"www-authenticate": header}) == ""


def client(*answers: object) -> tuple[Graph, list[str]]:
    requested: list[str] = []

    def token_for_claims(claims: str) -> str:
        requested.append(claims)
        return "answer"

    http = Scripted(lambda number, *_: answers[number])  # type: ignore[arg-type, return-value]
    return Graph(root=ROOT, http_client=http, token=lambda _: "kept", token_for_claims=token_for_claims), requested  # type: ignore[arg-type]


REFUSED = reply({}, 401, www_authenticate=challenge(PLAIN))


def test_a_request_is_repeated_once_with_a_token_for_the_claims() -> None:
    graph, requested = client(REFUSED, page("a"))
    assert [it.id for it in graph.items("/x", type=Thing)] == ["a"]
    assert [json.loads(it) for it in requested] == [CLAIMS]

    graph, requested = client(REFUSED, REFUSED)
    with pytest.raises(TokenRejected):
        graph.get("/x", type=Thing)
    assert len(requested) == 1


def test_a_part_is_repeated_once_with_a_token_for_the_claims() -> None:
    headers = {"WWW-Authenticate": challenge(PLAIN)}
    first = {"responses": [{"id": "a", "status": 401, "headers": headers}, {"id": "b", "status": 200}]}
    again = {"responses": [{"id": "a", "status": 401, "headers": headers}]}
    graph, requested = client(reply(first), reply(again))

    answers = graph.batch([BatchRequest(id="a", path="/a"), BatchRequest(id="b", path="/b")])

    assert isinstance(answers["a"].error, TokenRejected)
    assert [json.loads(it) for it in requested] == [CLAIMS]
    assert (answers["a"].usage.parts, answers["b"].usage.parts, graph.usage.requests) == (2, 1, 2)


@pytest.mark.parametrize("units", ["-1", "1.5", "x", "", "1" * 30, "\u00b2"])
def test_units_that_make_no_sense_are_not_counted(units: str) -> None:
    good, malformed = ({"id": "a", "status": 200, "headers": {"x-ms-resource-unit": it}} for it in ("3", units))
    graph, _ = client(reply({"responses": [good]}), reply({"responses": [malformed]}))

    for _ in range(2):
        graph.batch([BatchRequest(id="a", path="/a")])

    assert graph.usage.units == 3
