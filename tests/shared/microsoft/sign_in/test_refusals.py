"""Entra's refusals: their codes in any form, and nothing of their text but the number."""

import codecs
import json
from typing import Any

import pytest

from shared.http.client import Response
from shared.microsoft.graph import MicrosoftError, Throttled, Transient
from shared.microsoft.sign_in import (
    OperatorFault,
    RefusalKind,
    SignInRefused,
    error_of_refusal,
    refusal_from_redirect,
    refusal_from_response,
)
from tests.shared.microsoft.sign_in.fake_entra import TENANT, Entra, signer, token

BLOCKED = {"error": "invalid_grant", "error_codes": [53003]}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (530003, "policy"),
        (53004, "policy"),
        (50097, "policy"),
        (50129, "policy"),
        (50155, "policy"),
        (530004, "policy"),
        (500121, "mfa"),
        (90093, "administrator_needed"),
        (90094, "administrator_needed"),
        (90095, "administrator_needed"),
        (50057, "account_unusable"),
        (50053, "account_unusable"),
        (16000, "user_unsuitable"),
        (50105, "not_assigned"),
        (500213, "cross_tenant"),
        (530034, "risk"),
        (50161, "identity_provider"),
        (50166, "passing"),
        (90091, "passing"),
        (50011, "our_request"),
        (650057, "our_request"),
        (700024, "our_credential"),
    ],
)
def test_a_code_says_what_is_at_fault(code: int, kind: str) -> None:
    for error in ("invalid_grant", "access_denied", "interaction_required"):
        assert refusal_from_response({"error": error, "error_codes": [code]}).kind.value == kind


@pytest.mark.parametrize(
    "error_response",
    [
        {"error_codes": ["53003"]},
        {"error_codes": ["AADSTS53003"]},
        {"error_codes": [53003.0]},
        {"error_codes": 53003},
        {"error_codes": "53003"},
        {"error_codes": [None, {}, True, -1, 53003]},
        {"error_codes": None, "error_description": "AADSTS53003: blocked."},
        {"error_codes": [], "error_description": "AADSTS53003: blocked."},
        {"error_description": "AADSTS53003: blocked."},
        {"error_codes": None, "error_uri": "https://login.microsoftonline.com/error?code=53003"},
        {"error": None, "error_codes": [53003]},
        {"error": "invalid_grant\ud800", "error_codes": [53003]},
        {"error": ["invalid_grant"], "error_codes": [53003]},
    ],
    ids=str,
)
def test_a_code_keeps_its_meaning_in_whatever_form_it_comes(error_response: dict[str, Any]) -> None:
    with pytest.raises(SignInRefused) as caught:
        signer(Entra(Response(400, {}, json.dumps({"error": "invalid_grant", **error_response}).encode()))).app_token(
            TENANT
        )

    assert caught.value.refusal.kind.value == "policy"
    assert caught.value.evidence()["code"] == "AADSTS53003"


def test_no_list_of_codes_is_so_long_that_it_fills_a_row() -> None:
    many = refusal_from_response({"error": "invalid_grant", "error_codes": list(range(100_000, 101_000))})

    assert len(SignInRefused(many).evidence()["code"]) < 200


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        ({"error": "access_denied", "error_description": "AADSTS90094: x"}, "administrator_needed", "AADSTS90094"),
        ({"error": "server_error", "error_description": "AADSTS65004: x"}, "declined", "AADSTS65004"),
        ({"error": "access_denied", "error_description": "AADSTS90033: x"}, "passing", "AADSTS90033"),
        ({"error": "access_denied", "error_description": "no number"}, "declined", None),
        ({"error": "access_denied", "error_subcode": "cancel"}, "declined", None),
        ({"error": "permission_denied", "error_description": "x"}, "declined", None),
        ({"error": "server_error"}, "passing", None),
        ({"error": "temporarily_unavailable"}, "passing", None),
        ({"error": "interaction_required"}, "other", None),
        ({"error": "x", "error_uri": "https://e.example/error?code=53003"}, "policy", "AADSTS53003"),
        ({"error": "x", "error_description": "AADSTS123456: x AADSTS53003: y"}, "policy", "AADSTS123456, AADSTS53003"),
    ],
    ids=str,
)
def test_a_redirect_is_read_by_its_code_before_its_word(answer: dict[str, str], kind: str, code: str | None) -> None:
    error_response = refusal_from_redirect(answer)

    assert error_response.kind.value == kind
    assert SignInRefused(error_response).evidence().get("code") == code


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>AADSTS65004",
        "AADSTS65004\r\nSet-Cookie: a=b",
        "AADSTS65004\u202e\u0000",
        "xAADSTS6500499999 AADSTS65004",
        "AADSTS\u0666\u0665\u0660\u0660\u0664 AADSTS65004",
        "AADSTS65004: " * 10_000,
    ],
    ids=lambda it: it[:30],
)
def test_nothing_but_the_number_of_a_redirects_text_gets_through(text: str) -> None:
    error_response = refusal_from_redirect({"error": "access_denied", "error_description": text, "error_subcode": text})

    assert SignInRefused(error_response).evidence() == {"error": "access_denied", "code": "AADSTS65004"}


def test_three_bytes_before_a_token_change_nothing() -> None:
    entra = Entra()
    entra.metadata = _with_bom(_metadata_of(entra))
    entra.answer = _with_bom({"access_token": token(), "expires_in": 3600, "token_type": "Bearer"})

    assert signer(entra).app_token(TENANT) == token()


def test_three_bytes_before_a_refusal_change_nothing() -> None:
    with pytest.raises(SignInRefused) as caught:
        signer(Entra(_with_bom(BLOCKED, 400))).app_token(TENANT)
    assert caught.value.refusal.codes == (53003,)

    entra = Entra()
    entra.metadata = _with_bom({"error": "invalid_tenant", "error_codes": [90002]}, 400)
    with pytest.raises(SignInRefused) as caught:
        signer(entra).app_token(TENANT)
    assert caught.value.refusal.kind.value == "tenant_not_found"


@pytest.mark.parametrize(
    "malformed",
    [
        {"expires_in": None},
        {"expires_in": "soon"},
        {"expires_in": "3599"},
        {"expires_in": 3599.5},
        {"expires_in": -1},
        {"expires_in": 1e300},
        {"token_type": None},
        {"expires_in": []},
        {"ext_expires_in": None},
        {"refresh_in": "1800"},
        {"refresh_in": {}},
        {"scope": None},
        {"client_info": "x"},
        {"client_info": 7},
        {"note": "half a character \ud800"},
    ],
    ids=str,
)
def test_a_malformed_field_beside_a_token_does_not_cost_the_token(malformed: dict[str, Any]) -> None:
    answer = {"access_token": token(), "expires_in": 3600, "token_type": "Bearer", **malformed}

    assert signer(Entra(Response(200, {}, json.dumps(answer).encode()))).app_token(TENANT) == token()


def test_half_a_character_in_a_refusal_does_not_cost_its_code() -> None:
    body = json.dumps({**BLOCKED, "error_description": "The application \ud83d is blocked."}).encode()

    with pytest.raises(SignInRefused) as caught:
        signer(Entra(Response(400, {}, body))).app_token(TENANT)
    assert caught.value.refusal.codes == (53003,)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b'"x"', codecs.BOM_UTF8, b"<html>", b'{"access_token": null}', b"\xff\xfe{\0}\0"],
)
def test_what_is_no_response_of_entras_is_transient(body: bytes) -> None:
    with pytest.raises(Transient):
        signer(Entra(Response(200, {}, body))).app_token(TENANT)


def test_our_own_request_is_never_a_tenants_fault() -> None:
    for code in (50011, 70011, 650057, 700024):
        with pytest.raises(OperatorFault):
            signer(Entra({"error": "invalid_grant", "error_codes": [code]})).app_token(TENANT)


def _metadata_of(entra: Entra) -> dict[str, str]:
    oauth = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0"
    return {"issuer": "-", "authorization_endpoint": f"{oauth}/authorize", "token_endpoint": f"{oauth}/token"}


def _with_bom(error_response: object, status: int = 200) -> Response:
    return Response(status, {}, codecs.BOM_UTF8 + json.dumps(error_response).encode())


@pytest.mark.parametrize(
    ("error_response", "kind", "error"),
    [
        ({"error": "invalid_grant", "error_codes": [65001]}, RefusalKind.CONSENT_MISSING, SignInRefused),
        ({"error": "unauthorized_client", "error_codes": [700016]}, RefusalKind.APP_NOT_FOUND, SignInRefused),
        ({"error": "invalid_client", "error_codes": [7000229]}, RefusalKind.APP_NOT_FOUND, SignInRefused),
        ({"error": "invalid_client", "error_codes": [7000222]}, RefusalKind.OUR_CREDENTIAL, OperatorFault),
        ({"error": "invalid_client"}, RefusalKind.OUR_CREDENTIAL, OperatorFault),
        ({"error": "invalid_grant", "error_codes": [501481]}, RefusalKind.OUR_REQUEST, OperatorFault),
        ({"error": "interaction_required", "error_codes": [53003]}, RefusalKind.POLICY, SignInRefused),
        ({"error": "invalid_grant", "error_codes": [50076]}, RefusalKind.MFA, SignInRefused),
        ({"error": "invalid_grant", "error_codes": [1, 90033]}, RefusalKind.TRANSIENT, Transient),
        ({"error": "temporarily_unavailable"}, RefusalKind.TRANSIENT, Transient),
        ({"error": "x", "error_codes": [90055]}, RefusalKind.THROTTLED, Throttled),
        ({"error": "invalid_grant", "error_codes": [424242]}, RefusalKind.OTHER, SignInRefused),
        ({"error": 7, "error_codes": "x"}, RefusalKind.OTHER, SignInRefused),
        ({}, RefusalKind.OTHER, SignInRefused),
    ],
    ids=str,
)
def test_a_refusal_is_sorted_by_code_then_by_word(
    error_response: dict[str, Any], kind: RefusalKind, error: type[MicrosoftError]
) -> None:
    read = refusal_from_response(error_response)

    assert read.kind is kind
    assert type(error_of_refusal(read)) is error


def test_a_refusals_text_is_never_kept() -> None:
    error_response = {
        "error": "invalid_grant",
        "error_codes": [65001],
        "error_description": "secret words",
        "correlation_id": "c-1",
    }

    error = error_of_refusal(refusal_from_response(error_response))

    assert error.evidence() == {"error": "invalid_grant", "code": "AADSTS65001", "correlation_id": "c-1"}
    assert "secret" not in str(error)
