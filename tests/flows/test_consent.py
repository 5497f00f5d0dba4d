"""The journey to Microsoft under attack and under bad luck (reliability.md A01-A09, A11-A13)."""

import random
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from local.microsoft.browser import Callback, StoppedAtMicrosoft
from tests.flows.portal import CALLBACK, CLIENT_ID, PORTAL_URL, Portal

FORGERIES = [
    "alg none", "HS256 with the public key", "flipped signature", "signed by a stranger", "unknown kid",
    "wrong aud", "two audiences", "wrong iss", "iss of another tenant", "expired", "nbf in the future",
    "no nonce", "wrong nonce", "no tid", "personal tenant", "no sub", "no oid",
]  # fmt: skip


def state_in(url: str) -> str:
    return parse_qs(urlsplit(url).query)["state"][0]


def forged_consent(state: str, tenant_id: str) -> Callback:
    fields = {"admin_consent": "True", "tenant": tenant_id, "state": state}
    return Callback("GET", f"{CALLBACK}?admin_consent=True&tenant={tenant_id}&state={state}", fields)


def rows_of(portal: Portal) -> list[object]:
    return list(portal.ask("GET", "/integrations")["tenants"]["items"])


def test_a_forged_tenant_in_the_callback_binds_nothing(portal: Portal) -> None:
    victim = portal.has_tenant("Victim")
    portal.microsoft.world.consent(tenant_id=victim["id"], client_id=CLIENT_ID)
    started = portal.start()

    answer = portal.send(forged_consent(state_in(started["authorize_url"]), victim["id"]))

    assert answer.status == 400
    assert rows_of(portal) == []
    assert portal.microsoft.world.requests(host="graph") == []
    assert portal.flow(started["flow_id"])["state"] == "waiting"


def test_a_forged_tenant_after_a_true_sign_in_is_refused(portal: Portal) -> None:
    mine, victim = portal.has_tenant("Mine", seed=1), portal.has_tenant("Victim", seed=2)
    portal.microsoft.world.consent(tenant_id=victim["id"], client_id=CLIENT_ID)
    started = portal.start()
    flow = portal.signs_in(started, mine["admin"])

    portal.send(forged_consent(state_in(flow["continue_url"]), victim["id"]))

    assert portal.flow(started["flow_id"])["reason"] == "consent_elsewhere"
    assert rows_of(portal) == []


@pytest.mark.parametrize("who", ["member", "guest"])
def test_somebody_without_the_role_cannot_connect_a_tenant(portal: Portal, who: str) -> None:
    tenant = portal.has_tenant("Contoso Dental", users=25)
    portal.microsoft.world.consent(tenant_id=tenant["id"], client_id=CLIENT_ID)
    people = portal.microsoft.world.users(tenant_id=tenant["id"])
    guest = next(it for it in people if it["userType"] == "Guest" and it["accountEnabled"])
    username = tenant["member"] if who == "member" else guest["userPrincipalName"]
    started = portal.start()

    flow = portal.signs_in(started, username)

    assert (flow["state"], flow["reason"]) == ("failed", "not_tenant_admin" if who == "member" else "guest")
    assert "Global Administrator" in flow["remedy"]
    portal.ask("POST", f"/consent/{started['flow_id']}/complete", expect=409)
    assert rows_of(portal) == []


def test_a_role_that_was_taken_away_does_not_count(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.take_role(tenant_id=tenant["id"], username=tenant["admin"])

    flow = portal.signs_in(portal.start(), tenant["admin"])

    assert flow["reason"] == "not_tenant_admin"


def test_a_role_held_through_a_group_counts(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.take_role(tenant_id=tenant["id"], username=tenant["admin"])
    portal.microsoft.world.give_role(tenant_id=tenant["id"], username=tenant["admin"], through_group=True)

    portal.integrate(tenant)

    assert portal.row(tenant)["name"] == tenant["name"]


def test_an_unanswered_role_question_refuses_the_sign_in(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.fault(host="graph", path="transitiveMemberOf", status=500, times=None)

    flow = portal.signs_in(portal.start(), tenant["admin"])

    assert (flow["state"], flow["reason"]) == ("failed", "admin_unknown")


def test_roles_hidden_before_consent_are_read_after_it(portal: Portal) -> None:
    admin_of, member_of = portal.has_tenant("One", seed=1), portal.has_tenant("Two", seed=2)
    portal.microsoft.world.switch(memberof_hidden=True)
    portal.microsoft.world.give_role(
        tenant_id=member_of["id"], username=member_of["member"], role="fe930be7-5e62-47db-91af-98c3a49a38b1"
    )

    portal.integrate(admin_of)
    started = portal.start()
    flow = portal.signs_in(started, member_of["member"])
    portal.accepts(flow, member_of["admin"])
    portal.run_queues()

    assert portal.flow(started["flow_id"])["reason"] == "not_tenant_admin"
    assert [row["tenant_id"] for row in rows_of(portal)] == [admin_of["id"]]


def test_roles_in_the_token_are_believed(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.switch(wids_claim=True)

    refused = portal.signs_in(portal.start(), tenant["member"])
    portal.integrate(tenant)

    assert refused["reason"] == "not_tenant_admin"


def test_every_bad_state_gets_the_same_answer_and_changes_nothing(portal: Portal) -> None:
    started = portal.start()
    good = state_in(started["authorize_url"])
    bad = [
        "",
        "x",
        good[:-1],
        good + "A",
        good.swapcase(),
        "A" * 43,
        "%00",
        "a" * 10_000,
        f"{good},{good}",
        "../../etc",
    ]
    answers = [portal.host.call_http("GET", f"/api/consent/callback/single?code=c&state={quote(it)}") for it in bad]
    answers.append(portal.host.call_http("GET", "/api/consent/callback/single"))
    answers.append(portal.host.call_http("GET", f"/api/consent/callback/single?code=c&state={good}&state={good}"))

    assert {answer.status for answer in answers} == {400}
    assert len({answer.body for answer in answers}) == 1
    assert portal.flow(started["flow_id"])["state"] == "waiting"


def test_a_thousand_guessed_states_find_nothing(portal: Portal) -> None:
    started, dice = portal.start(), random.Random(11)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    guesses = [
        "".join(dice.choices(letters, k=43 if number % 4 == 0 else dice.randrange(60))) for number in range(1000)
    ]

    answers = [portal.host.call_http("GET", f"/api/consent/callback/single?code=c&state={it}") for it in guesses]

    assert {answer.status for answer in answers} == {400}
    assert portal.flow(started["flow_id"])["state"] == "waiting"


def test_a_callback_counts_once_however_often_it_comes(portal: Portal) -> None:
    tenant = portal.has_tenant()
    started = portal.start()
    callback = portal.person(tenant["admin"]).follow(started["authorize_url"])

    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: portal.send(callback).status, range(50)))
    again = portal.send(callback)

    assert sorted(set(statuses)) == [303, 409]
    assert statuses.count(303) == 1
    assert again.status == 409
    redeemed = [
        it
        for it in portal.microsoft.world.requests(host="login")
        if it["form"].get("grant_type") == "authorization_code"
    ]
    assert len(redeemed) == 1
    flow = portal.flow(started["flow_id"])
    portal.accepts(flow, tenant["admin"])
    portal.run_queues()
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: portal.call("POST", f"/consent/{started['flow_id']}/complete"), range(8)))
    assert {answer.status for answer in done} == {201}
    assert len({answer.body for answer in done}) == 1
    assert len(rows_of(portal)) == 1


def test_only_the_one_who_started_a_journey_can_see_or_complete_it(portal: Portal) -> None:
    tenant = portal.has_tenant("Fabrikam")
    flow_id = portal.proves(tenant)

    for who, status in (("anna", 404), ("bob", 404), ("tess", 403), ("carl", 403)):
        other = portal.called_by(who)
        assert other.call("GET", f"/consent/{flow_id}").status == status, who
        assert other.call("POST", f"/consent/{flow_id}/complete").status == status, who
    assert portal.host.call_http("POST", f"/api/consent/{flow_id}/complete").status == 401
    assert rows_of(portal) == []
    shown = portal.flow(flow_id)
    assert (shown["tenant"]["name"], shown["signed_in_as"]) == ("Fabrikam", tenant["admin"])

    portal.ask("POST", f"/consent/{flow_id}/complete", expect=201)

    assert len(rows_of(portal)) == 1


def test_answers_cannot_be_swapped_between_kinds_or_legs(portal: Portal) -> None:
    tenant = portal.has_tenant()
    started = portal.start()
    callback = portal.person(tenant["admin"]).follow(started["authorize_url"])

    wrong_kind = portal.send(Callback("POST", callback.url.replace("/single", "/csp"), callback.fields))
    no_kind = portal.send(Callback("POST", callback.url.replace("/single", "/other"), callback.fields))
    wrong_leg = portal.send(forged_consent(state_in(started["authorize_url"]), tenant["id"]))

    assert {wrong_kind.status, no_kind.status, wrong_leg.status} == {400}
    assert portal.send(callback).status == 303
    assert portal.flow(started["flow_id"])["continue_url"]


def test_two_accounts_cannot_complete_with_each_others_answers(portal: Portal) -> None:
    tenant, bob = portal.has_tenant(), portal.called_by("bob")
    mine, his = portal.start(), bob.start()
    callback = portal.person(tenant["admin"]).follow(his["authorize_url"])

    portal.send(callback)

    assert portal.flow(mine["flow_id"])["state"] == "waiting"
    assert portal.flow(mine["flow_id"])["tenant"] is None
    assert bob.flow(his["flow_id"])["tenant"]["id"] == tenant["id"]


def test_a_declined_sign_in_and_its_markup_leave_nothing(portal: Portal) -> None:
    started = portal.start()
    state = state_in(started["authorize_url"])
    text = quote("AADSTS65004: <script>alert(1)</script>\r\nSet-Cookie: a=b")

    answer = portal.host.call_http(
        "GET", f"/api/consent/callback/single?error=access_denied&error_description={text}&state={state}"
    )

    assert answer.status == 303
    assert b"script" not in answer.body
    assert "set-cookie" not in {name.lower() for name in answer.headers}
    flow = portal.flow(started["flow_id"])
    assert (flow["reason"], flow["evidence"]) == ("declined", {"error": "access_denied", "code": "AADSTS65004"})
    assert rows_of(portal) == []


def test_callback_pages_are_static_text_with_strict_headers(portal: Portal) -> None:
    answer = portal.host.call_http("GET", "/api/consent/callback/single?state=<img src=x>")
    headers = {name.lower(): value for name, value in answer.headers.items()}

    assert headers["content-type"].startswith("text/plain")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert b"<img" not in answer.body


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_wrong_identity_token_is_refused(portal: Portal, forgery: str) -> None:
    tenant = portal.has_tenant()
    started = portal.start()
    portal.microsoft.world.forge_id_token(how=forgery)

    flow = portal.signs_in(started, tenant["admin"])

    assert (flow["state"], flow["reason"]) == ("failed", "identity_invalid")
    assert flow["tenant"] is None
    portal.ask("POST", f"/consent/{started['flow_id']}/complete", expect=409)
    assert rows_of(portal) == []


def test_every_start_is_fresh_and_keeps_its_secrets(portal: Portal) -> None:
    urls = [portal.called_by(who).start()["authorize_url"] for who in ("alice", "bob") for _ in range(15)]
    asked = [parse_qs(urlsplit(url).query) for url in urls]

    for name, length in (("state", 43), ("nonce", 64), ("code_challenge", 43)):
        values = {it[name][0] for it in asked}
        assert len(values) == len(urls)
        assert {len(value) for value in values} == {length}
    assert {it["code_challenge_method"][0] for it in asked} == {"S256"}
    assert {it["prompt"][0] for it in asked} == {"select_account"}
    assert not any("verifier" in url for url in urls)


@pytest.mark.parametrize(
    "target", ["//x", "/\\x", "https:x", "javascript:alert(1)", "%0d%0aX: y", "https://evil.example"]
)
def test_the_way_back_leads_to_the_portal_only(portal: Portal, target: str) -> None:
    tenant = portal.has_tenant()
    refused = portal.call("POST", "/integrations", {"kind": "single", "return_to": target})
    started = portal.start()
    callback = portal.person(tenant["admin"]).follow(started["authorize_url"])
    extra = {**callback.fields, "return_to": target, "redirect": target}

    answer = portal.send(Callback("POST", callback.url, extra))

    assert refused.status == 400
    assert answer.headers["Location"] == f"{PORTAL_URL}/#flow={started['flow_id']}"


def test_microsoft_never_sends_people_to_an_address_that_is_not_registered(portal: Portal) -> None:
    tenant = portal.has_tenant()
    url = portal.start()["authorize_url"].replace(quote(CALLBACK, safe=""), quote("https://evil.example/cb", safe=""))

    with pytest.raises(StoppedAtMicrosoft, match="AADSTS50011"):
        portal.person(tenant["admin"]).follow(url)
