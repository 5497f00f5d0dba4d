"""Signing in at the simulated Entra: its pages, its rules, and how the browser comes back."""

import pytest
import requests

from local.microsoft import StoppedAtMicrosoft
from tests.local.microsoft.caller import BACK, CLIENT_ID, VERIFIER, Caller, claims_of, code_of

STRANGER = "5713a9e7-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("mode", "method", "start"),
    [("query", "GET", f"{BACK}?code="), ("fragment", "GET", f"{BACK}#code="), ("form_post", "POST", BACK)],
)
def test_the_code_travels_as_it_was_asked_to(caller: Caller, mode, method, start):
    tenant = caller.tenant()

    callback = caller.signs_in(tenant["admin"], response_mode=mode)

    assert callback.method == method
    assert callback.url.startswith(start)
    assert callback.fields.keys() == {"code", "state", "session_state"}
    assert callback.fields["state"] == "st"


def test_a_redeemed_code_tells_who_signed_in(caller: Caller):
    tenant = caller.tenant(users=25)
    person = caller.world.users(tenant["id"])[0]

    told = caller.redeem(caller.signs_in(tenant["admin"]).fields["code"], client_info="1").json()

    claims = claims_of(told["id_token"])
    assert claims["iss"] == f"{caller.microsoft.login_url}/{tenant['id']}/v2.0"
    assert (claims["aud"], claims["tid"], claims["oid"]) == (CLIENT_ID, tenant["id"], person["id"])
    assert (claims["nonce"], claims["ver"], claims["acct"]) == ("no", "2.0", 0)
    assert (claims["name"], claims["preferred_username"]) == (person["displayName"], tenant["admin"])
    assert claims["sub"] != person["id"]
    assert set(claims_of(told["access_token"])["scp"].split()) == {"User.Read", "openid", "profile"}
    assert told.keys() >= {"refresh_token", "client_info", "expires_in", "scope"}


def test_without_profile_and_offline_access_there_is_less(caller: Caller):
    tenant = caller.tenant()
    callback = caller.signs_in(tenant["admin"], scope="openid User.Read")

    told = caller.redeem(callback.fields["code"]).json()

    assert "refresh_token" not in told
    assert "oid" not in claims_of(told["id_token"])


def test_a_guest_comes_as_one_from_elsewhere(caller: Caller):
    home = caller.tenant("Fabrikam")
    tenant = caller.tenant("Contoso")
    caller.world.make_guest(tenant["id"], home["member"])

    callback = caller.signs_in(home["member"], tenant["id"])
    claims = claims_of(caller.redeem(callback.fields["code"], tenant["id"]).json()["id_token"])

    assert (claims["tid"], claims["acct"]) == (tenant["id"], 1)
    assert home["id"] in claims["idp"]


def test_roles_come_in_the_token_when_the_registration_asks_for_them(caller: Caller):
    tenant = caller.tenant()
    plain = claims_of(caller.redeem(caller.signs_in(tenant["admin"]).fields["code"]).json()["id_token"])
    caller.world.switch(wids_claim=True)
    told = claims_of(caller.redeem(caller.signs_in(tenant["admin"]).fields["code"]).json()["id_token"])

    assert "wids" not in plain
    assert told["wids"] == ["62e90394-69f5-4237-9190-012177145e10"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"redirect_uri": "https://evil.example/"}, 50011, id="an address nobody registered"),
        pytest.param({"redirect_uri": f"{BACK}/"}, 50011, id="nearly the registered address"),
        pytest.param({"client_id": STRANGER}, 700016, id="an unknown application"),
        pytest.param({"response_mode": "carrier_pigeon"}, 90023, id="an unknown way back"),
    ],
)
def test_what_could_lead_astray_is_told_on_microsofts_own_page(caller: Caller, changes, code):
    tenant = caller.tenant()
    with pytest.raises(StoppedAtMicrosoft, match=f"AADSTS{code}:"):
        caller.signs_in(tenant["admin"], **changes)


@pytest.mark.parametrize(
    ("changes", "error", "code"),
    [
        ({"response_type": "token"}, "unsupported_response_type", 70005),
        ({"scope": None}, "invalid_request", 900144),
        ({"scope": "openid Mail.Frobnicate"}, "invalid_client", 650053),
        ({"scope": "openid https://elsewhere.example/User.Read"}, "invalid_resource", 500011),
        ({"prompt": "whisper"}, "invalid_request", 90023),
        ({"prompt": "select_account", "login_hint": "somebody"}, "invalid_request", 90023),
        ({"code_challenge_method": "S1"}, "invalid_request", 90023),
        ({"prompt": "none"}, "login_required", 50058),
    ],
)
def test_other_faults_go_back_to_the_application(caller: Caller, changes, error, code):
    tenant = caller.tenant()

    fields = caller.signs_in(tenant["admin"], **changes).fields

    assert (fields["error"], fields["state"]) == (error, "st")
    assert fields["error_description"].startswith(f"AADSTS{code}: ")


def test_who_declines_goes_back_without_a_code(caller: Caller):
    tenant = caller.tenant(consented=False)
    with caller.person(tenant["member"]) as person:
        fields = person.follow(caller.authorize_url(), accept=False).fields

    assert fields["error"] == "access_denied"
    assert "AADSTS65004" in fields["error_description"]
    assert caller.world.service_principal(tenant["id"], CLIENT_ID) is None


def test_a_plain_user_cannot_agree_to_what_takes_an_administrator(caller: Caller):
    tenant = caller.tenant(consented=False)
    scope = "openid Directory.Read.All"

    refused = caller.signs_in(tenant["member"], scope=scope).fields
    granted = caller.signs_in(tenant["admin"], scope=scope).fields

    assert "AADSTS90094" in refused["error_description"]
    assert "code" in granted


def test_one_persons_consent_is_not_another_ones(caller: Caller):
    tenant = caller.tenant(consented=False)
    caller.signs_in(tenant["member"])
    with caller.person(tenant["admin"]) as admin:
        fields = admin.follow(caller.authorize_url(), accept=False).fields

    assert fields["error"] == "access_denied"


@pytest.mark.parametrize("prompt", [None, "none"])
def test_a_browser_that_is_signed_in_goes_straight_through(caller: Caller, prompt):
    tenant = caller.tenant()
    with caller.person(tenant["admin"]) as person:
        person.follow(caller.authorize_url())
        caller.world.forget_requests()
        callback = person.follow(caller.authorize_url(prompt=prompt))

    assert "code" in callback.fields
    assert [it["method"] for it in caller.world.requests(host="login")] == ["GET"]


@pytest.mark.parametrize("prompt", ["login", "select_account"])
def test_an_application_can_have_the_account_picked_again(caller: Caller, prompt):
    tenant = caller.tenant()
    with caller.person(tenant["admin"]) as person:
        person.follow(caller.authorize_url())
        caller.world.forget_requests()
        person.follow(caller.authorize_url(prompt=prompt))

    assert [it["path"].rpartition("/")[2] for it in caller.world.requests(host="login")] == ["authorize", "login"]


def test_a_silent_sign_in_needs_consent_too(caller: Caller):
    tenant = caller.tenant()
    with caller.person(tenant["admin"]) as person:
        person.follow(caller.authorize_url())
        caller.world.revoke_consent(tenant["id"], CLIENT_ID)
        fields = person.follow(caller.authorize_url(prompt="none")).fields

    assert (fields["error"], "AADSTS65001" in fields["error_description"]) == ("consent_required", True)


@pytest.mark.parametrize(
    ("who", "code"),
    [("nobody@nowhere.example", 50034), ("blocked", 50057)],
)
def test_who_cannot_sign_in_reads_why(caller: Caller, who, code):
    tenant = caller.tenant()
    member = caller.world.users(tenant["id"])[1]
    caller.world.change_user(tenant["id"], member["id"], accountEnabled=False)

    with pytest.raises(StoppedAtMicrosoft, match=f"AADSTS{code}:"):
        caller.signs_in(tenant["member"] if who == "blocked" else who)


def test_an_application_that_was_disabled_gets_nobody(caller: Caller):
    tenant = caller.tenant()
    caller.world.disable_app(tenant["id"], CLIENT_ID)

    assert "AADSTS7000112" in caller.signs_in(tenant["admin"]).fields["error_description"]


def test_the_page_offers_people_with_what_they_are(caller: Caller):
    tenant = caller.tenant(users=25)
    page = caller.session.get(caller.authorize_url(), timeout=30).text

    assert all(name in page for name in (tenant["admin"], tenant["member"], tenant["guest"]))
    assert "Global Administrator" in page
    assert "· guest" in page


def test_the_page_names_the_application_and_begins_with_administrators_who_have_not_let_it_in(caller: Caller):
    known, unknown = caller.tenant("Contoso"), caller.tenant("Tailspin", consented=False)
    page = caller.session.get(caller.authorize_url(), timeout=30).text
    places = [
        page.index(f'"{name}"') for name in (unknown["admin"], known["admin"], unknown["member"], known["member"])
    ]

    assert "to continue to <b>Ours</b>" in page
    assert places == sorted(places)
    assert page.index("Administrators") < places[0] < page.index("Other people") < places[2]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        pytest.param({"code_verifier": "w" * 43}, 400, 501481, id="another verifier"),
        pytest.param({"code_verifier": None}, 400, 501481, id="no verifier"),
        pytest.param({"redirect_uri": "https://app.example/other"}, 401, 500112, id="another address"),
        pytest.param({"code": "made-up"}, 400, 70000, id="a made-up code"),
        pytest.param({"segment": "tenant"}, 400, 700005, id="another tenant segment"),
        pytest.param({"client_secret": "wrong"}, 401, 7000215, id="a wrong secret"),
        pytest.param({"grant_type": None}, 400, 900144, id="no grant type"),
        pytest.param({"grant_type": "password"}, 400, 70003, id="an unknown grant type"),
    ],
)
def test_a_code_is_redeemed_by_the_rules_only(caller: Caller, changes, status, code):
    tenant = caller.tenant()
    form = {"grant_type": "authorization_code", "redirect_uri": BACK, "code_verifier": VERIFIER, **changes}
    form = {"code": caller.signs_in(tenant["admin"]).fields["code"], **form}
    segment = tenant["id"] if form.pop("segment", "") else "organizations"

    answer = caller.token(segment, **form)

    assert (answer.status_code, code_of(answer)) == (status, code)


@pytest.mark.parametrize(
    ("asked", "verifier", "status"),
    [
        pytest.param({"code_challenge": None, "code_challenge_method": None}, None, 200, id="no proof at all"),
        pytest.param({"code_challenge": None, "code_challenge_method": None}, VERIFIER, 400, id="a proof of nothing"),
        pytest.param({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, VERIFIER, 200, id="plain"),
        pytest.param({"code_challenge": VERIFIER, "code_challenge_method": None}, VERIFIER, 200, id="plain unsaid"),
    ],
)
def test_a_verifier_fits_what_was_asked(caller: Caller, asked, verifier, status):
    tenant = caller.tenant()
    code = caller.signs_in(tenant["admin"], **asked).fields["code"]

    assert caller.redeem(code, code_verifier=verifier).status_code == status


def test_a_code_is_good_once_and_for_ten_minutes(caller: Caller):
    tenant = caller.tenant()
    once, late = (caller.signs_in(tenant["admin"]).fields["code"] for _ in range(2))

    assert caller.redeem(once).status_code == 200
    assert code_of(caller.redeem(once)) == 54005
    caller.world.switch(clock_offset_s=601)
    assert code_of(caller.redeem(late)) == 70008


def test_an_error_has_every_field_of_microsofts(caller: Caller):
    answer: requests.Response = caller.token("organizations", grant_type="refresh_token", refresh_token="made-up")

    told = answer.json()
    assert told.keys() == {
        "error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri",
    }  # fmt: skip
    lines = told["error_description"].split("\r\n")
    assert [line.partition(":")[0] for line in lines] == ["AADSTS70000", "Trace ID", "Correlation ID", "Timestamp"]
