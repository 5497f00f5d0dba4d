"""Settings as the Functions host reads them: local.settings.json, host.json, %NAME% and connections.

Sources: azure-functions-core-tools StartHostAction.cs and AppSettingsFile.cs;
azure-webjobs-sdk IConfigurationExtensions.cs.
"""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

log = logging.getLogger("local.host")

_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_NAME = re.compile(r"%([^%]+)%")
_SPAN = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,7})?))?")
_OVERRIDE = "AzureFunctionsJobHost__"
_FORCED = {"AZURE_FUNCTIONS_ENVIRONMENT": "Development", "FUNCTIONS_CORETOOLS_ENVIRONMENT": "true"}


class SettingsError(Exception):
    """A setting cannot be used; the message names it."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that may hold comments; empty when it is not there.

    Raises:
        SettingsError: it is not a JSON object.
    """
    if not path.exists():
        return {}
    text = _COMMENT.sub(lambda found: found.group(1) or "", path.read_text("utf-8-sig"))
    try:
        value = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{path.name} must hold an object")
    return value


def environment(root: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """The app's environment: local.settings.json below what is already set and not empty."""
    env = _local_values(root)
    for name in env:
        if inherited.get(name):
            log.warning("local.settings.json: '%s' is already set and stays as it is", name)
    env.update({name: value for name, value in inherited.items() if value or name not in env})
    return {**env, **_FORCED}


def host_section(root: Path) -> dict[str, Any]:
    """``Host`` of local.settings.json: LocalHttpPort, LocalHttpAddress, CORS, CORSCredentials."""
    section = read_json(root / "local.settings.json").get("Host")
    return section if isinstance(section, dict) else {}


def _local_values(root: Path) -> dict[str, str]:
    local = read_json(root / "local.settings.json")
    if local.get("IsEncrypted", bool(local)):
        raise SettingsError("local.settings.json is encrypted (IsEncrypted is true when absent); set it to false")
    values = {name: _text(value) for name, value in local.get("Values", {}).items() if value is not None}
    for name, value in local.get("ConnectionStrings", {}).items():
        values[f"ConnectionStrings:{name}"] = value if isinstance(value, str) else str(value["ConnectionString"])
    return values


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def host_json(root: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """host.json, with every key that an ``AzureFunctionsJobHost__a__b`` variable overrides."""
    settings = read_json(root / "host.json")
    for name, value in env.items():
        if name.startswith(_OVERRIDE):
            _put(settings, name.removeprefix(_OVERRIDE).split("__"), value)
    chosen = settings.get("functions")
    if isinstance(chosen, dict):  # given one by one: functions__0, functions__1
        settings["functions"] = [str(chosen[key]) for key in sorted(chosen, key=int)]
    return settings


def _put(settings: dict[str, Any], keys: list[str], value: str) -> None:
    *parents, last = keys
    for key in parents:
        if not isinstance(settings.get(key), dict):
            settings[key] = {}
        settings = settings[key]
    settings[last] = value


def is_true(text: object) -> bool:
    return str(text).lower() in {"1", "true"}


def resolved(text: str, env: Mapping[str, str]) -> str:
    """A binding's text with every %NAME% put in.

    Raises:
        SettingsError: a name that is not set, in the host's words.
    """

    def value(match: re.Match[str]) -> str:
        if not env.get(match.group(1)):
            raise SettingsError(f"'%{match.group(1)}%' does not resolve to a value.")
        return env[match.group(1)]

    return _NAME.sub(value, text)


@dataclass(frozen=True)
class Connection:
    """Where a storage account is: a connection string, or service addresses for an identity."""

    string: str = ""
    queue_url: str = ""
    blob_url: str = ""
    credential: str = ""
    client_id: str = ""


def connection(name: str, env: Mapping[str, str]) -> Connection:
    """A connection by name: ``AzureWebJobs<name>`` before ``<name>``, values before identity sections.

    Raises:
        SettingsError: there is neither.
    """
    name = name or "AzureWebJobsStorage"
    candidates = (f"AzureWebJobs{name}", name)
    for candidate in candidates:
        for key in (f"ConnectionStrings:{candidate}", candidate):
            if env.get(key):
                return Connection(string=env[key])
    for candidate in candidates:
        section = _identity(candidate, env)
        if section.queue_url or section.blob_url:
            return section
    raise SettingsError(f"the connection '{name}' is not set")


def _identity(section: str, env: Mapping[str, str]) -> Connection:
    account = env.get(f"{section}__accountName", "")

    def address(service: str) -> str:
        usual = f"https://{account}.{service}.core.windows.net" if account else ""
        return env.get(f"{section}__{service}ServiceUri") or usual

    return Connection(
        queue_url=address("queue"),
        blob_url=address("blob"),
        credential=env.get(f"{section}__credential", ""),
        client_id=env.get(f"{section}__clientId", ""),
    )


def seconds(text: str | float) -> float:
    """A TimeSpan ``[d.]hh:mm[:ss[.fff]]`` in seconds; -1 is never.

    Raises:
        SettingsError: it is none.
    """
    if isinstance(text, int | float) or re.fullmatch(r"-?\d+", text):
        return float(text)
    match = _SPAN.fullmatch(text)
    if not match or int(match[3]) > 23 or int(match[4]) > 59 or float(match[5] or 0) >= 60:
        raise SettingsError(f"'{text}' is not a time span")
    days, hours, minutes = (int(part or 0) for part in match.group(2, 3, 4))
    span = ((days * 24 + hours) * 60 + minutes) * 60 + float(match[5] or 0)
    return -span if match[1] else span
