"""Every setting of the app, read once from the environment and checked as a whole.

The only reader of the environment is ``function_app.py``; it hands the mapping to ``Settings.from_env``.
Names, meanings and examples are in ``local.settings.sample.json``; a house test compares the two.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from shared.errors import NotConfigured

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
CLOUDS = ("global", "usgov", "usgov-dod", "china", "custom")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment says; ``*_s`` are seconds, ``*_url`` have no slash at the end."""

    storage: str
    storage_account: str
    storage_table_url: str
    storage_queue_url: str
    product_name: str
    public_url: str
    portal_url: str
    portal_issuer: str
    portal_audience: str
    portal_jwks_url: str
    portal_personas_url: str
    help_important_information_url: str
    help_troubleshooting_url: str
    help_mapping_url: str
    cloud: str
    login_url: str
    graph_url: str
    partner_url: str
    ca_file: str
    client_id: str
    client_secret: str
    client_certificate: str
    managed_identity_client_id: str
    csp_client_id: str
    csp_client_secret: str
    csp_client_certificate: str
    csp_managed_identity_client_id: str
    secret_keys: str
    secret_key_url: str
    csp_required_roles: tuple[str, ...]
    flow_ttl_s: int
    sync_period_s: int
    starts_per_minute: int
    removal_quiet_s: int
    change_notifications: bool
    beta_datasets: bool
    evaluations_off: tuple[str, ...]

    @property
    def removal_quiet(self) -> timedelta:
        """How long after a removal a late writer may still be writing; then it is verified."""
        return timedelta(seconds=self.removal_quiet_s)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Read and check all settings.

        Raises:
            NotConfigured: naming every missing or wrong setting at once.
        """
        reader = _EnvironmentReader(env)
        settings = cls(
            storage=reader.text("AzureWebJobsStorage", ""),
            storage_account=reader.text("AzureWebJobsStorage__accountName", ""),
            storage_table_url=reader.url("AzureWebJobsStorage__tableServiceUri", ""),
            storage_queue_url=reader.url("AzureWebJobsStorage__queueServiceUri", ""),
            product_name=reader.text("PRODUCT_NAME", "Syncro"),
            public_url=reader.url("PUBLIC_URL"),
            portal_url=reader.url("PORTAL_URL"),
            portal_issuer=reader.text("PORTAL_ISSUER"),
            portal_audience=reader.text("PORTAL_AUDIENCE"),
            portal_jwks_url=reader.url("PORTAL_JWKS_URL"),
            portal_personas_url=reader.url("PORTAL_PERSONAS_URL", ""),
            help_important_information_url=reader.url("HELP_IMPORTANT_INFORMATION_URL", ""),
            help_troubleshooting_url=reader.url("HELP_TROUBLESHOOTING_URL", ""),
            help_mapping_url=reader.url("HELP_MAPPING_URL", ""),
            cloud=reader.word("MICROSOFT_CLOUD", CLOUDS, "global"),
            login_url=reader.url("MICROSOFT_LOGIN_URL", ""),
            graph_url=reader.url("MICROSOFT_GRAPH_URL", ""),
            partner_url=reader.url("MICROSOFT_PARTNER_URL", ""),
            ca_file=reader.text("MICROSOFT_CA_FILE", ""),
            client_id=reader.text("MICROSOFT_CLIENT_ID"),
            client_secret=reader.text("MICROSOFT_CLIENT_SECRET", ""),
            client_certificate=reader.text("MICROSOFT_CLIENT_CERTIFICATE", ""),
            managed_identity_client_id=reader.text("MICROSOFT_MANAGED_IDENTITY_CLIENT_ID", ""),
            csp_client_id=reader.guid("MICROSOFT_CSP_CLIENT_ID"),
            csp_client_secret=reader.text("MICROSOFT_CSP_CLIENT_SECRET", ""),
            csp_client_certificate=reader.text("MICROSOFT_CSP_CLIENT_CERTIFICATE", ""),
            csp_managed_identity_client_id=reader.text("MICROSOFT_CSP_MANAGED_IDENTITY_CLIENT_ID", ""),
            secret_keys=reader.text("SECRET_KEYS", ""),
            secret_key_url=reader.url("SECRET_KEY_URL", ""),
            csp_required_roles=reader.guids("CSP_REQUIRED_ROLES"),
            flow_ttl_s=reader.number("FLOW_TTL_SECONDS", 600, 5, 600),
            sync_period_s=reader.number("SYNC_PERIOD_SECONDS", 1800, 60, 86_400),
            starts_per_minute=reader.number("STARTS_PER_MINUTE", 10, 1, 100_000),
            removal_quiet_s=reader.number("REMOVAL_QUIET_SECONDS", 900, 600, 86_400),
            change_notifications=reader.word("CHANGE_NOTIFICATIONS", ("on", "off"), "off") == "on",
            beta_datasets=reader.word("BETA_DATASETS", ("on", "off"), "off") == "on",
            evaluations_off=reader.names("EVALUATIONS_OFF"),
        )
        in_azure = bool(env.get("WEBSITE_INSTANCE_ID") or env.get("WEBSITE_SITE_NAME"))
        problems = [*reader.problems, *settings._contradictions(), *(settings._unsafe() if in_azure else ())]
        if problems:
            raise NotConfigured("; ".join(problems))
        return settings

    def _contradictions(self) -> list[str]:
        custom = (self.login_url, self.graph_url, self.partner_url)
        checks = [
            (
                not (self.storage or self.storage_account or (self.storage_table_url and self.storage_queue_url)),
                "AzureWebJobsStorage, AzureWebJobsStorage__accountName, or __tableServiceUri and __queueServiceUri",
            ),
            (
                any(url.startswith("http://") for url in (self.storage_table_url, self.storage_queue_url)),
                "AzureWebJobsStorage__tableServiceUri and __queueServiceUri must be https: a token is sent there",
            ),
            (
                self.cloud == "custom" and not all(custom),
                "MICROSOFT_CLOUD=custom needs MICROSOFT_LOGIN_URL, _GRAPH_URL and _PARTNER_URL",
            ),
            (
                self.cloud != "custom" and any((*custom, self.ca_file)),
                "MICROSOFT_*_URL and MICROSOFT_CA_FILE go with MICROSOFT_CLOUD=custom only",
            ),
            (
                sum(map(bool, self._credentials())) != 1,
                "a MICROSOFT_CLIENT_SECRET, a _CERTIFICATE or a MANAGED_IDENTITY_CLIENT_ID, and only one",
            ),
            (
                sum(map(bool, self._csp_credentials())) != bool(self.csp_client_id),
                "MICROSOFT_CSP_CLIENT_ID and its MICROSOFT_CSP_ credential go together, and only one credential",
            ),
            (
                bool(self.csp_client_id) and self.csp_client_id == self.client_id.lower(),
                "MICROSOFT_CSP_CLIENT_ID must be another registration than MICROSOFT_CLIENT_ID",
            ),
            (
                bool(self.secret_keys) == bool(self.secret_key_url),
                "SECRET_KEY_URL (a key of a vault) or SECRET_KEYS, and only one",
            ),
        ]
        return [message for wrong, message in checks if wrong]

    def _unsafe(self) -> list[str]:
        """Settings for one machine only, which a deployment in Azure refuses."""
        checks = [
            (self.cloud == "custom", "MICROSOFT_CLOUD=custom"),
            (bool(self.client_secret), "MICROSOFT_CLIENT_SECRET (use a managed identity or a certificate)"),
            (bool(self.csp_client_secret), "MICROSOFT_CSP_CLIENT_SECRET (use a managed identity or a certificate)"),
            (bool(self.portal_personas_url), "PORTAL_PERSONAS_URL"),
            (bool(self.secret_keys), "SECRET_KEYS (use SECRET_KEY_URL, a key of a vault)"),
            (not self.secret_key_url.startswith("https://"), "SECRET_KEY_URL without https"),
            (not self.public_url.startswith("https://"), "PUBLIC_URL without https"),
            (not self.portal_url.startswith("https://"), "PORTAL_URL without https"),
            (not self.portal_jwks_url.startswith("https://"), "PORTAL_JWKS_URL without https"),
        ]
        return [f"{what} is refused in Azure" for wrong, what in checks if wrong]

    def _credentials(self) -> tuple[str, str, str]:
        return self.client_secret, self.client_certificate, self.managed_identity_client_id

    def _csp_credentials(self) -> tuple[str, str, str]:
        return self.csp_client_secret, self.csp_client_certificate, self.csp_managed_identity_client_id


class _EnvironmentReader:
    """Reads one setting at a time and collects the problems, so that all are reported at once."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        value = self._env.get(name, "").strip() or default
        if value is None:
            self.problems.append(f"{name} is missing")
        return value or ""

    def url(self, name: str, default: str | None = None) -> str:
        value = self.text(name, default).rstrip("/")
        if value and (urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc):
            self.problems.append(f"{name} is not an http(s) URL")
        return value

    def word(self, name: str, words: tuple[str, ...], default: str) -> str:
        return self._checked(name, default, lambda value: value in words, f"one of {', '.join(words)}")

    def number(self, name: str, default: int, least: int, most: int) -> int:
        def fits(value: str) -> bool:
            return value.isascii() and value.isdigit() and least <= int(value) <= most

        value = self._checked(name, str(default), fits, f"a whole number from {least} to {most}")
        return int(value) if fits(value) else default

    def guid(self, name: str) -> str:
        """An id in lower case; empty when it is not set."""
        value = self.text(name, "").lower()
        if value and not _GUID.fullmatch(value):
            self.problems.append(f"{name} must be a GUID")
        return value

    def guids(self, name: str) -> tuple[str, ...]:
        """Ids separated by commas or spaces; none when it is not set."""
        values = tuple(self.text(name, "").lower().replace(",", " ").split())
        if not all(_GUID.fullmatch(it) for it in values):
            self.problems.append(f"{name} must be GUIDs, separated by commas")
        return values

    def names(self, name: str) -> tuple[str, ...]:
        """Names separated by commas or spaces; none when it is not set."""
        values = tuple(self.text(name, "").replace(",", " ").split())
        if not all(_NAME.fullmatch(it) for it in values):
            self.problems.append(f"{name} must be names of lower-case letters, separated by commas")
        return values

    def _checked(self, name: str, default: str, fits: Callable[[str], bool], expected: str) -> str:
        value = self.text(name, default)
        if not fits(value):
            self.problems.append(f"{name} must be {expected}")
        return value
