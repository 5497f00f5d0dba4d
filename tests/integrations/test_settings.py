"""Settings: all mistakes are reported at once, and some settings are refused in Azure."""

import pytest

from integrations.settings import Settings
from shared.crypto.envelopes import new_key
from shared.errors import NotConfigured

GOOD = {
    "AzureWebJobsStorage__accountName": "account",
    "PUBLIC_URL": "https://integrations.example",
    "PORTAL_URL": "https://portal.example/page/",
    "PORTAL_ISSUER": "https://portal.example",
    "PORTAL_AUDIENCE": "us",
    "PORTAL_JWKS_URL": "https://portal.example/jwks.json",
    "MICROSOFT_CLIENT_ID": "c0ffee00-0000-4000-8000-000000000001",
    "MICROSOFT_MANAGED_IDENTITY_CLIENT_ID": "identity",
    "SECRET_KEY_URL": "https://vault.example/keys/ours",
}
CSP_CLIENT_ID = "c0ffee00-0000-4000-8000-0000000000c5"
IN_AZURE = {"WEBSITE_INSTANCE_ID": "1"}


def test_good_settings_have_sensible_defaults() -> None:
    settings = Settings.from_env({**GOOD, **IN_AZURE})

    assert (settings.cloud, settings.product_name, settings.sync_period_s) == ("global", "Syncro", 1800)
    assert settings.portal_url == "https://portal.example/page"


@pytest.mark.parametrize("name", [it for it in GOOD if it != "AzureWebJobsStorage__accountName"])
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(NotConfigured, match=name if "MANAGED" not in name else "only one"):
        Settings.from_env({key: value for key, value in GOOD.items() if key != name})


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(NotConfigured) as caught:
        Settings.from_env({})

    for name in ("AzureWebJobsStorage", "PUBLIC_URL", "PORTAL_ISSUER", "MICROSOFT_CLIENT_ID", "SECRET_KEY_URL"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"PUBLIC_URL": "integrations.example"}, "PUBLIC_URL is not an http"),
        ({"MICROSOFT_CLOUD": "mars"}, "MICROSOFT_CLOUD must be one of"),
        ({"FLOW_TTL_SECONDS": "601"}, "FLOW_TTL_SECONDS must be a whole number from 5 to 600"),
        ({"FLOW_TTL_SECONDS": "ten"}, "FLOW_TTL_SECONDS"),
        ({"MICROSOFT_CLOUD": "custom"}, "MICROSOFT_CLOUD=custom needs"),
        ({"MICROSOFT_LOGIN_URL": "https://evil.example"}, "go with MICROSOFT_CLOUD=custom only"),
        ({"MICROSOFT_CLIENT_SECRET": "s"}, "only one"),
        ({"SECRET_KEYS": new_key("k1")}, "SECRET_KEY_URL .* and only one"),
        ({"AzureWebJobsStorage__accountName": ""}, "AzureWebJobsStorage__accountName, or __tableServiceUri and"),
        (
            {"AzureWebJobsStorage__accountName": "", "AzureWebJobsStorage__tableServiceUri": "https://t.example"},
            "or __tableServiceUri and __queueServiceUri",
        ),
        ({"AzureWebJobsStorage__queueServiceUri": "http://q.example"}, "must be https: a token is sent there"),
        ({"CSP_REQUIRED_ROLES": "Global Administrator"}, "CSP_REQUIRED_ROLES must be GUIDs"),
        ({"MICROSOFT_CSP_CLIENT_ID": CSP_CLIENT_ID}, "MICROSOFT_CSP_ credential go together"),
        ({"MICROSOFT_CSP_MANAGED_IDENTITY_CLIENT_ID": "id"}, "MICROSOFT_CSP_ credential go together"),
        (
            {"MICROSOFT_CSP_CLIENT_ID": CSP_CLIENT_ID, "MICROSOFT_CSP_CLIENT_SECRET": "s"}
            | {"MICROSOFT_CSP_CLIENT_CERTIFICATE": "c"},
            "only one credential",
        ),
        ({"MICROSOFT_CSP_CLIENT_ID": "csp", "MICROSOFT_CSP_CLIENT_SECRET": "s"}, "CSP_CLIENT_ID must be a GUID"),
        (
            {"MICROSOFT_CSP_CLIENT_ID": CSP_CLIENT_ID, "MICROSOFT_CSP_CLIENT_SECRET": "s"}
            | {"MICROSOFT_CLIENT_ID": CSP_CLIENT_ID.upper()},
            "must be another registration",
        ),
    ],
)
def test_contradictions_are_refused(changes: dict[str, str], message: str) -> None:
    with pytest.raises(NotConfigured, match=message):
        Settings.from_env({**GOOD, **changes})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"MICROSOFT_CLIENT_SECRET": "s", "MICROSOFT_MANAGED_IDENTITY_CLIENT_ID": ""}, "MICROSOFT_CLIENT_SECRET"),
        (
            {"MICROSOFT_CSP_CLIENT_ID": CSP_CLIENT_ID, "MICROSOFT_CSP_CLIENT_SECRET": "s"},
            "MICROSOFT_CSP_CLIENT_SECRET",
        ),
        ({"PORTAL_PERSONAS_URL": "https://x.example"}, "PORTAL_PERSONAS_URL"),
        ({"SECRET_KEYS": new_key("k1"), "SECRET_KEY_URL": ""}, "SECRET_KEYS"),
        ({"SECRET_KEY_URL": "http://vault.example/keys/ours"}, "SECRET_KEY_URL without https"),
        ({"PUBLIC_URL": "http://integrations.example"}, "PUBLIC_URL without https"),
        ({"PORTAL_URL": "http://portal.example"}, "PORTAL_URL without https"),
        ({"PORTAL_JWKS_URL": "http://portal.example"}, "PORTAL_JWKS_URL without https"),
        (
            {
                "MICROSOFT_CLOUD": "custom",
                "MICROSOFT_LOGIN_URL": "https://a.example",
                "MICROSOFT_GRAPH_URL": "https://b.example",
                "MICROSOFT_PARTNER_URL": "https://c.example",
            },
            "MICROSOFT_CLOUD=custom is refused in Azure",
        ),
    ],
)
def test_what_only_one_machine_may_do_is_refused_in_azure(changes: dict[str, str], message: str) -> None:
    Settings.from_env({**GOOD, **changes})

    with pytest.raises(NotConfigured, match=message):
        Settings.from_env({**GOOD, **changes, **IN_AZURE})
