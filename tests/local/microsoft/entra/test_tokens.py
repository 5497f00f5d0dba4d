"""Tokens of the simulated Entra: proofs, grants, claims, keys, and what msal makes of them."""

import time
import uuid
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from local.microsoft import FORGERIES
from tests.local.microsoft.caller import CLIENT_ID, SECRET, Caller, claims_of, code_of

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def self_signed() -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ours")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return key, made.sign(key, hashes.SHA256())


@pytest.fixture(scope="module")
def pair():
    return self_signed()


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def assertion(pair, audience: str, *, alg: str = "PS256", thumbprint: str = "x5t#S256", **changes: object) -> str:
    key, certificate = pair
    digest = hashes.SHA256() if thumbprint == "x5t#S256" else hashes.SHA1()
    named = urlsafe_b64encode(certificate.fingerprint(digest)).decode().rstrip("=")
    now = int(time.time())
    claims = {"aud": audience, "iss": CLIENT_ID, "sub": CLIENT_ID, "jti": str(uuid.uuid4()), "nbf": now}
    told = claims | {"iat": now, "exp": now + 300} | changes
    return jwt.encode({name: it for name, it in told.items() if it is not None}, key, alg, {thumbprint: named})


@pytest.mark.parametrize(("alg", "thumbprint"), [("PS256", "x5t#S256"), ("RS256", "x5t#S256"), ("RS256", "x5t")])
def test_an_application_can_prove_itself_with_a_certificate(caller: Caller, pair, alg, thumbprint):
    caller.world.register_app(CLIENT_ID, certificate=pem(pair[1]))
    tenant = caller.tenant()
    audience = f"{caller.microsoft.login_url}/{tenant['id']}/oauth2/v2.0/token"
    proof = assertion(pair, audience, alg=alg, thumbprint=thumbprint)

    answer = caller.app_token(tenant, client_secret=None, client_assertion=proof, client_assertion_type=ASSERTION)

    assert claims_of(answer.json()["access_token"])["appidacr"] == "2"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "https://elsewhere.example"}, 700023),
        ({"exp": 1_700_000_000}, 700024),
        ({"nbf": 4_000_000_000}, 700024),
        ({"iss": "somebody"}, 700021),
        ({"jti": None}, 700027),
        ({"alg": "PS256", "thumbprint": "x5t"}, 700027),
    ],
)
def test_a_wrong_assertion_proves_nothing(caller: Caller, pair, changes, code):
    caller.world.register_app(CLIENT_ID, certificate=pem(pair[1]))
    tenant = caller.tenant()
    audience = f"{caller.microsoft.login_url}/{tenant['id']}/oauth2/v2.0/token"
    proof = assertion(pair, **{"audience": audience, **changes})

    answer = caller.app_token(tenant, client_secret=None, client_assertion=proof, client_assertion_type=ASSERTION)

    assert (answer.status_code, code_of(answer), answer.json()["error"]) == (401, code, "invalid_client")


def test_a_certificate_nobody_registered_proves_nothing(caller: Caller, pair):
    tenant = caller.tenant()
    audience = f"{caller.microsoft.login_url}/{tenant['id']}/oauth2/v2.0/token"
    proofs = [assertion(pair, audience), "not.a.token"]
    form = {"client_secret": None, "client_assertion_type": ASSERTION}

    assert [code_of(caller.app_token(tenant, **form, client_assertion=it)) for it in proofs] == [700027, 700027]


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        ({"client_secret": "wrong"}, 401, 7000215),
        ({"client_secret": None}, 401, 7000218),
        ({"client_id": "5713a9e7-0000-4000-8000-000000000000"}, 400, 700016),
        ({"scope": "User.Read"}, 400, 70011),
        ({"scope": "https://elsewhere.example/.default"}, 400, 500011),
    ],
)
def test_an_application_alone_is_refused_for_a_reason(caller: Caller, form, status, code):
    answer = caller.app_token(caller.tenant(), **form)
    assert (answer.status_code, code_of(answer)) == (status, code)


@pytest.mark.parametrize(
    ("segment", "code"),
    [("organizations", 9001023), ("common", 9001023), ("00000000-0000-4000-8000-0000deadbeef", 90002)],
)
def test_an_application_alone_needs_a_tenant_that_exists(caller: Caller, segment, code):
    scope = f"{caller.microsoft.graph_url}/.default"
    answer = caller.token(segment, grant_type="client_credentials", scope=scope)
    assert (answer.status_code, code_of(answer)) == (400, code)


def test_what_an_administrator_does_to_the_application_shows_in_the_next_token(caller: Caller):
    tenant = caller.tenant()
    caller.world.set_app_roles(tenant["id"], CLIENT_ID, ["User.Read.All"])
    assert caller.as_app(tenant).claims["roles"] == ["User.Read.All"]
    caller.world.disable_app(tenant["id"], CLIENT_ID)
    assert code_of(caller.app_token(tenant)) == 7000112
    caller.world.disable_app(tenant["id"], CLIENT_ID, enabled=True)
    caller.world.revoke_consent(tenant["id"], CLIENT_ID)
    assert code_of(caller.app_token(tenant)) == 700016
    caller.world.expire_secret(CLIENT_ID, SECRET)
    assert code_of(caller.app_token(tenant)) == 7000222


def test_an_app_only_token_says_whose_it_is(caller: Caller):
    tenant = caller.tenant()
    answer = caller.app_token(tenant).json()
    claims = claims_of(answer["access_token"])

    assert answer.keys() == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    assert 3600 <= answer["expires_in"] <= 5400
    assert (claims["tid"], claims["appid"], claims["idtyp"]) == (tenant["id"], CLIENT_ID, "app")
    assert (claims["iss"], claims["ver"]) == (f"https://sts.windows.net/{tenant['id']}/", "1.0")
    assert claims["oid"] == caller.world.service_principal(tenant["id"], CLIENT_ID)["id"]


def test_another_tenants_token_can_be_given_instead(caller: Caller):
    mine, other = caller.tenant("Mine"), caller.tenant("Other")
    caller.world.answer_with_token_of(mine["id"], other["id"])
    assert caller.as_app(mine).claims["tid"] == other["id"]
    caller.world.answer_with_token_of(mine["id"], None)
    assert caller.as_app(mine).claims["tid"] == mine["id"]


def test_a_refresh_token_works_wherever_its_person_may_be(caller: Caller):
    home, host, foreign = (caller.tenant(name) for name in ("Home", "Host", "Foreign"))
    caller.world.make_guest(host["id"], home["admin"])
    first = caller.redeem(caller.signs_in(home["admin"]).fields["code"]).json()["refresh_token"]

    def refreshed(segment: str):
        return caller.token(segment, grant_type="refresh_token", refresh_token=first, scope="User.Read")

    assert claims_of(refreshed("organizations").json()["access_token"])["tid"] == home["id"]
    assert claims_of(refreshed(host["id"]).json()["access_token"])["tid"] == host["id"]
    assert code_of(refreshed(foreign["id"])) == 50020
    assert refreshed(home["id"]).json()["refresh_token"] != first


@pytest.mark.parametrize(
    ("what", "code", "suberror"),
    [
        ("signed out", 50173, "bad_token"),
        ("blocked", 50057, None),
        ("removed", 50034, None),
        ("idle for 91 days", 700082, None),
        ("consent withdrawn", 700016, None),
        ("more asked than agreed", 65001, "consent_required"),
    ],
)
def test_a_refresh_token_ends_for_a_reason(caller: Caller, what, code, suberror):
    tenant = caller.tenant()
    user = caller.world.users(tenant["id"])[0]
    token = caller.redeem(caller.signs_in(tenant["admin"]).fields["code"]).json()["refresh_token"]
    happen = {
        "signed out": lambda: caller.world.sign_out(tenant["id"], tenant["admin"]),
        "blocked": lambda: caller.world.change_user(tenant["id"], user["id"], accountEnabled=False),
        "removed": lambda: caller.world.remove_user(tenant["id"], user["id"]),
        "idle for 91 days": lambda: caller.world.switch(clock_offset_s=91 * 86400),
        "consent withdrawn": lambda: caller.world.revoke_consent(tenant["id"], CLIENT_ID),
        "more asked than agreed": lambda: None,
    }
    happen[what]()
    scope = "Directory.Read.All" if what == "more asked than agreed" else "User.Read"

    answer = caller.token("organizations", grant_type="refresh_token", refresh_token=token, scope=scope)

    assert (code_of(answer), answer.json().get("suberror")) == (code, suberror)


def test_msal_signs_people_and_applications_in_unchanged(caller: Caller):
    key, certificate = self_signed()
    caller.world.register_app(CLIENT_ID, certificate=pem(certificate), redirect_uris=["https://app.example/msal"])
    tenant = caller.tenant()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    credential = {
        "private_key": private,
        "thumbprint": certificate.fingerprint(hashes.SHA1()).hex(),
        "public_certificate": pem(certificate),
    }

    def client(segment: str, proof: object) -> msal.ConfidentialClientApplication:
        authority = f"{caller.microsoft.login_url}/{segment}"
        return msal.ConfidentialClientApplication(
            CLIENT_ID, proof, authority, http_client=caller.session, instance_discovery=False
        )

    people = client("organizations", SECRET)
    flow = people.initiate_auth_code_flow(["User.Read"], "https://app.example/msal", response_mode="form_post")
    with caller.person(tenant["admin"]) as person:
        told = people.acquire_token_by_auth_code_flow(flow, person.follow(flow["auth_uri"]).fields)
    app = client(tenant["id"], credential).acquire_token_for_client([f"{caller.microsoft.graph_url}/.default"])

    assert told["id_token_claims"]["tid"] == tenant["id"]
    assert people.get_accounts()[0]["username"] == tenant["admin"]
    assert claims_of(app["access_token"])["tid"] == tenant["id"]
    with pytest.raises(ValueError, match="authority"):
        client("00000000-0000-4000-8000-0000deadbeef", SECRET)


@pytest.mark.parametrize(
    ("segment", "issuer"),
    [("organizations", "{tenantid}"), ("common", "{tenantid}"), ("id", "id"), ("domain", "id")],
)
def test_discovery_names_the_issuer_of_the_segment(caller: Caller, segment, issuer):
    tenant = caller.tenant()
    names = {"id": tenant["id"], "domain": tenant["domain"]}
    url = f"{caller.microsoft.login_url}/{names.get(segment, segment)}/v2.0/.well-known/openid-configuration"

    told = caller.session.get(url, timeout=30).json()

    assert told["issuer"] == f"{caller.microsoft.login_url}/{names.get(issuer, issuer)}/v2.0"
    assert told["token_endpoint"].startswith(caller.microsoft.login_url)
    assert caller.session.get(told["jwks_uri"], timeout=30).json()["keys"][0].keys() >= {"kid", "x5t", "x5c", "n", "e"}


def test_keys_change_and_old_tokens_still_hold(caller: Caller):
    tenant = caller.tenant()
    url = f"{caller.microsoft.login_url}/common/discovery/v2.0/keys"
    before, asker = caller.session.get(url, timeout=30).json(), caller.as_app(tenant)
    caller.world.rotate_signing_key()
    after = caller.session.get(url, timeout=30).json()

    assert before["keys"][0]["kid"] != after["keys"][0]["kid"]
    assert asker.get("/organization").status_code == 200
    assert caller.as_app(tenant).get("/organization").status_code == 200


@pytest.mark.parametrize("how", FORGERIES)
def test_each_forgery_is_wrong_once(caller: Caller, how):
    tenant = caller.tenant()
    url = f"{caller.microsoft.login_url}/common/discovery/v2.0/keys"
    keys = jwt.PyJWKSet.from_dict(caller.session.get(url, timeout=30).json())

    def check(token: str) -> None:
        issuer = f"{caller.microsoft.login_url}/{claims_of(token)['tid']}/v2.0"
        key = keys[jwt.get_unverified_header(token)["kid"]]
        required = {"require": ["exp", "nbf", "iat", "sub", "oid", "tid", "nonce"]}
        claims = jwt.decode(token, key, ["RS256"], options=required, issuer=issuer, audience=CLIENT_ID)
        assert (claims["nonce"], claims["tid"], claims["aud"]) == ("no", tenant["id"], CLIENT_ID)

    caller.world.forge_id_token(how=how)
    forged = caller.redeem(caller.signs_in(tenant["admin"]).fields["code"]).json()["id_token"]
    honest = caller.redeem(caller.signs_in(tenant["admin"]).fields["code"]).json()["id_token"]

    check(honest)
    with pytest.raises((jwt.PyJWTError, KeyError, AssertionError)):
        check(forged)


def test_single_claims_can_be_forged(caller: Caller):
    tenant = caller.tenant()
    caller.world.forge_id_token(name="Somebody Else", uti=None)
    claims = claims_of(caller.redeem(caller.signs_in(tenant["admin"]).fields["code"]).json()["id_token"])

    assert (claims["name"], "uti" in claims) == ("Somebody Else", False)
