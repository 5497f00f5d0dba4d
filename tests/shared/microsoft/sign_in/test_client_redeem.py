"""Sign-in at the simulated Microsoft: the identity that results, and every ID token that is refused (A09)."""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.microsoft.browser import Callback, Person
from local.microsoft.cloud import Running
from shared.http.client import HttpClient
from shared.microsoft.graph import Transient
from shared.microsoft.sign_in import (
    AppCredential,
    Endpoints,
    IdentityTokenInvalid,
    OperatorFault,
    RefusalKind,
    SignedIn,
    SignIn,
    SignInRefused,
)

CLIENT_ID = "c0ffee00-0000-4000-8000-000000000002"
BACK = "https://app.example/callback"
SCOPES = ("User.Read",)
FORGERIES = [
    "alg none", "HS256 with the public key", "flipped signature", "signed by a stranger", "unknown kid",
    "wrong aud", "two audiences", "wrong iss", "iss of another tenant", "expired", "nbf in the future",
    "no nonce", "wrong nonce", "no tid", "personal tenant", "no sub", "no oid",
]  # fmt: skip


class Journey:
    """One application, one tenant, and people who sign in."""

    def __init__(self, microsoft: Running) -> None:
        self.world = microsoft.world
        self.microsoft = microsoft
        self.world.register_app(client_id=CLIENT_ID, secret="s", redirect_uris=[BACK], delegated=["User.Read"])
        self.tenant: dict[str, str] = self.world.add_tenant(name="Contoso", users=25)
        self.sign_in = SignIn(
            endpoints=Endpoints(microsoft.login_url, microsoft.graph_url, microsoft.partner_url),
            client_id=CLIENT_ID,
            credential=AppCredential.secret("s"),
            http_client=HttpClient(ca_file=microsoft.ca_file),
        )
        self.nonce, self.verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)

    def url(self, scopes: Sequence[str] = SCOPES) -> str:
        return self.sign_in.authorize_url(
            redirect_uri=BACK, state="st", nonce=self.nonce, verifier=self.verifier, scopes=scopes
        )

    def signs_in(self, username: str, scopes: Sequence[str] = SCOPES) -> Callback:
        return Person(self.microsoft.login_url, self.microsoft.ca_file, username).follow(self.url(scopes))

    def redeem(self, callback: Callback, **changes: Any) -> SignedIn:
        arguments = {"redirect_uri": BACK, "nonce": self.nonce, "verifier": self.verifier, "scopes": SCOPES, **changes}
        return self.sign_in.redeem(code=callback.fields["code"], **arguments)


@pytest.fixture
def journey(microsoft: Running) -> Journey:
    return Journey(microsoft)


def test_the_way_to_microsoft_holds_no_secret(journey: Journey) -> None:
    parts = urlsplit(journey.url())
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}

    assert parts.path == "/organizations/oauth2/v2.0/authorize"
    assert {"response_mode": "form_post", "prompt": "select_account", "code_challenge_method": "S256"}.items() <= (
        query.items()
    )
    assert query["scope"] == "openid profile User.Read"
    assert journey.verifier not in journey.url()
    assert journey.nonce not in journey.url()


def test_consent_is_requested_of_one_tenant_for_all_of_our_registration(journey: Journey) -> None:
    url = journey.sign_in.admin_consent_url(tenant_id=journey.tenant["id"], redirect_uri=BACK, state="st")

    assert urlsplit(url).path == f"/{journey.tenant['id']}/v2.0/adminconsent"
    assert parse_qs(urlsplit(url).query)["scope"] == [f"{journey.microsoft.graph_url}/.default"]


def test_a_sign_in_tells_who_came_and_opens_what_they_may_see(journey: Journey) -> None:
    callback = journey.signs_in(journey.tenant["admin"])

    signed_in = journey.redeem(callback)

    assert (callback.method, callback.fields["state"]) == ("POST", "st")
    assert signed_in.identity.tenant_id == journey.tenant["id"]
    assert signed_in.identity.username == journey.tenant["admin"]
    assert signed_in.identity.name
    assert not signed_in.identity.is_guest
    assert signed_in.identity.roles is None, "the token holds no roles"
    assert signed_in.refresh_token is None
    assert signed_in.access_token not in repr(signed_in)


def test_a_refresh_token_is_issued_only_when_requested(journey: Journey) -> None:
    scopes = (*SCOPES, "offline_access")

    signed_in = journey.redeem(journey.signs_in(journey.tenant["admin"], scopes), scopes=scopes)

    assert signed_in.refresh_token
    assert signed_in.refresh_token not in repr(signed_in)


def test_roles_are_known_when_the_token_holds_them(journey: Journey) -> None:
    journey.world.switch(wids_claim=True)

    admin = journey.redeem(journey.signs_in(journey.tenant["admin"])).identity
    member = journey.redeem(journey.signs_in(journey.tenant["member"])).identity

    assert admin.roles == {"62e90394-69f5-4237-9190-012177145e10"}
    assert member.roles == frozenset()


def test_a_guest_is_known_as_one(journey: Journey) -> None:
    people = journey.world.users(tenant_id=journey.tenant["id"])
    guest = next(it for it in people if it["userType"] == "Guest" and it["accountEnabled"])

    assert journey.redeem(journey.signs_in(guest["userPrincipalName"])).identity.is_guest


@pytest.mark.parametrize("how", FORGERIES)
def test_a_forged_id_token_is_refused(journey: Journey, how: str) -> None:
    callback = journey.signs_in(journey.tenant["admin"])
    journey.world.forge_id_token(how=how)

    with pytest.raises(IdentityTokenInvalid) as caught:
        journey.redeem(callback)
    assert str(caught.value).startswith("the ID token ")


def test_a_code_is_good_once(journey: Journey) -> None:
    callback = journey.signs_in(journey.tenant["admin"])
    journey.redeem(callback)

    with pytest.raises(SignInRefused) as caught:
        journey.redeem(callback)
    assert caught.value.refusal.kind is RefusalKind.CODE_UNUSABLE


def test_a_code_is_no_use_without_its_verifier(journey: Journey) -> None:
    callback = journey.signs_in(journey.tenant["admin"])

    with pytest.raises(OperatorFault) as caught:
        journey.redeem(callback, verifier=secrets.token_urlsafe(48))
    assert caught.value.refusal.codes == (501481,)


def test_an_id_token_of_another_sign_in_is_refused(journey: Journey) -> None:
    callback = journey.signs_in(journey.tenant["admin"])

    with pytest.raises(IdentityTokenInvalid):
        journey.redeem(callback, nonce=secrets.token_urlsafe(32))


def test_keys_of_microsoft_that_cannot_be_fetched_are_a_transient_fault(journey: Journey) -> None:
    callback = journey.signs_in(journey.tenant["admin"])
    journey.world.fault(host="login", path="/keys", kind="html", times=None)

    with pytest.raises(Transient, match="keys"):
        journey.redeem(callback)
