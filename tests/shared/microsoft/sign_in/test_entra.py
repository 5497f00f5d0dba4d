"""Responses of Entra: tokens of the right tenant, and what malformed ones mean (A31, A41)."""

import base64
from typing import Any

import pytest

from shared.http.client import Response, Unreachable
from shared.microsoft.graph import Throttled, Transient
from shared.microsoft.sign_in import (
    OperatorFault,
    RefusalKind,
    SignInRefused,
    WrongTenantToken,
    token_roles,
)
from shared.microsoft.sign_in.identity import IdentityTokenInvalid
from tests.shared.microsoft.sign_in.fake_entra import LOGIN, OTHER, TENANT, Entra, _metadata, signer, token


def test_a_token_is_requested_as_entra_expects_it() -> None:
    entra = Entra()

    assert signer(entra).app_token(TENANT) == entra.answer["access_token"]
    assert entra.posted[0]["grant_type"] == "client_credentials"
    assert entra.posted[0]["scope"] == "https://graph.microsoft.com/.default"
    assert {url.split("/")[2:4][1] for url in entra.urls} == {TENANT}


@pytest.mark.parametrize("broken", ["", "half\ufffd", "two\nlines"])
def test_a_broken_token_is_a_transient_fault(broken: str) -> None:
    with pytest.raises(Transient):
        signer(Entra({"access_token": broken, "expires_in": 3600})).app_token(TENANT)


@pytest.mark.parametrize("wrong", [token(OTHER), token(""), "not.a.token"])
def test_another_tenants_token_is_never_given_out(wrong: str) -> None:
    client = signer(Entra({"access_token": wrong, "expires_in": 3600}))

    for _ in range(2):
        with pytest.raises(WrongTenantToken):
            client.app_token(TENANT)


def test_an_upper_case_tenant_claim_is_the_same_tenant() -> None:
    assert signer(Entra({"access_token": token(TENANT.upper()), "expires_in": 3600})).app_token(TENANT)


def html(status: int) -> Response:
    return Response(status, {"content-type": "text/html"}, b"<html>")


MALFORMED = [
    Unreachable("x"), html(200), html(302), html(400), html(403), html(404), html(500), html(503),
    Response(200, {}, b""), Response(200, {}, b'{"access_token": "ey'), Response(200, {}, b"[]"),
    Response(200, {}, b"[" * 60_000), Response(200, {}, b"\xff"), Response(200, {}, b"{}"), Response(400, {}, b"{}"),
    Response(200, {}, b'{"access_token": 7}'), Response(200, {}, b'{"access_token": null, "expires_in": 3600}'),
    Response(400, {}, b'{"error": 7}'), Response(302, {}, b'{"error": "invalid_client"}'),
    Response(503, {}, b'{"error": "invalid_client"}'),
]  # fmt: skip


@pytest.mark.parametrize("malformed", MALFORMED, ids=repr)
@pytest.mark.parametrize("where", ["metadata", "answer"])
def test_an_entra_that_makes_no_sense_is_a_transient_fault(malformed: Any, where: str) -> None:
    entra = Entra()
    setattr(entra, where, malformed)

    with pytest.raises(Transient):
        signer(entra).app_token(TENANT)


@pytest.mark.parametrize("where", [0, 1], ids=["its header", "its claims"])
def test_an_id_token_that_nests_without_end_is_a_transient_fault(where: int) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 6000 + b"]" * 6000).decode().rstrip("=")
    parts = ["e30", "e30", "AA"]
    parts[where] = deep
    tokens = {"access_token": token(TENANT), "refresh_token": "r", "expires_in": 3600, "id_token": ".".join(parts)}

    with pytest.raises((Transient, IdentityTokenInvalid)):
        signer(Entra(tokens)).redeem(code="c", redirect_uri="https://x", nonce="n", verifier="v", scopes=["openid"])
    if where == 1:
        with pytest.raises(Transient):
            signer(Entra(tokens)).renew("r", tenant_id=TENANT, resource="https://graph.microsoft.com")


def test_no_log_line_holds_what_entra_said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for malformed in (Response(200, {}, b'{"access_token": "canary'), Response(400, {}, b'{"error": "canary", "x": ')):
        with pytest.raises(Transient):
            signer(Entra(malformed)).app_token(TENANT)

    assert "canary" not in caplog.text
    assert "the-secret" not in caplog.text


@pytest.mark.parametrize("where", ["metadata", "answer"])
@pytest.mark.parametrize(
    ("header", "wait_s"), [({"retry-after": "7.5"}, 7.5), ({}, None), ({"retry-after": "1e9"}, 900.0)]
)
def test_throttling_says_how_long_to_wait(where: str, header: dict[str, str], wait_s: float | None) -> None:
    entra = Entra()
    setattr(entra, where, Response(429, header, b""))

    with pytest.raises(Throttled) as caught:
        signer(entra).app_token(TENANT)
    assert caught.value.wait_s == wait_s


@pytest.mark.parametrize(
    "refusal",
    [
        {"error": "invalid_tenant", "error_description": "AADSTS90002: no such tenant"},
        {"error": "invalid_request", "error_codes": [90002]},
    ],
)
def test_an_unknown_tenant_is_known_by_its_metadata(refusal: dict[str, Any]) -> None:
    entra = Entra()
    entra.metadata = refusal

    with pytest.raises(SignInRefused) as caught:
        signer(entra).app_token(TENANT)
    assert caught.value.refusal.kind is RefusalKind.TENANT_NOT_FOUND
    assert entra.posted == []


def test_our_secret_goes_to_entras_own_hosts_only() -> None:
    entra = Entra()
    for root in ("https://evil.example", "http://login.microsoftonline.com", f"{LOGIN}.evil.example", f"{LOGIN}@evil"):
        entra.metadata = _metadata(TENANT, root)
        with pytest.raises(Transient):
            signer(entra).app_token(TENANT)

    assert entra.posted == []


def test_the_chinese_cloud_speaks_of_itself_by_two_names() -> None:
    entra = Entra()
    entra.metadata = _metadata(TENANT, "https://login.partner.microsoftonline.cn")

    assert signer(entra, cloud="china").app_token(TENANT)


def test_a_fault_of_the_operator_is_not_one_of_the_tenant() -> None:
    with pytest.raises(OperatorFault):
        signer(Entra({"error": "invalid_client", "error_codes": [7000222]})).app_token(TENANT)
    with pytest.raises(SignInRefused) as caught:
        signer(Entra({"error": "unauthorized_client", "error_codes": [700016]})).app_token(TENANT)
    assert not isinstance(caught.value, OperatorFault)


@pytest.mark.parametrize("claims", [{}, {"roles": "User.Read.All"}, {"roles": [7, None]}])
def test_a_token_without_roles_has_none(claims: dict[str, Any]) -> None:
    assert token_roles(token(**claims)) == frozenset()
