"""Settings as the Functions host reads them: local.settings.json, host.json, %NAME% and connections.

Sources: azure-functions-core-tools StartHostAction.cs and AppSettingsFile.cs;
azure-webjobs-sdk IConfigurationExtensions.cs.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_COMMENT = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_NAME = re.compile(r"%([^%]+)%")
_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.\d+)?")
_OVERRIDE = "AzureFunctionsJobHost__"


class SettingsError(Exception):
    """A setting cannot be used; the message names it."""


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file that may hold comments; empty when it is not there."""
    if not path.exists():
        return {}
    text = _COMMENT.sub(lambda found: found.group(1) or "", path.read_text("utf-8-sig"))
    value = json.loads(text)
    if not isinstance(value, dict):
        raise SettingsError(f"{path.name} must hold an object")
    return value


def environment(root: Path, inherited: Mapping[str, str]) -> dict[str, str]:
    """The app's environment: local.settings.json below what is already set and not empty."""
    local = read_json(root / "local.settings.json")
    if local.get("IsEncrypted", bool(local)):
        raise SettingsError("local.settings.json is encrypted (IsEncrypted is true when absent); set it to false")
    env = {name: str(value) for name, value in local.get("Values", {}).items() if value is not None}
    for name, value in local.get("ConnectionStrings", {}).items():
        env[f"ConnectionStrings:{name}"] = value if isinstance(value, str) else str(value["ConnectionString"])
    env.update({name: value for name, value in inherited.items() if value or name not in env})
    return {**env, "AZURE_FUNCTIONS_ENVIRONMENT": "Development", "FUNCTIONS_CORETOOLS_ENVIRONMENT": "true"}


def host_json(root: Path, env: Mapping[str, str]) -> dict[str, Any]:
    """host.json, with every key that an ``AzureFunctionsJobHost__a__b`` variable overrides."""
    told = read_json(root / "host.json")
    for name, value in env.items():
        if name.startswith(_OVERRIDE):
            _put(told, name.removeprefix(_OVERRIDE).split("__"), value)
    return told


def _put(told: dict[str, Any], keys: list[str], value: str) -> None:
    *parents, last = keys
    for key in parents:
        told = told.setdefault(key, {})
    told[last] = value


def resolved(text: str, env: Mapping[str, str]) -> str:
    """A binding's text with every %NAME% put in.

    Raises:
        SettingsError: a name that is not set, in the host's words.
    """

    def value(found: re.Match[str]) -> str:
        if not env.get(found.group(1)):
            raise SettingsError(f"'%{found.group(1)}%' does not resolve to a value.")
        return env[found.group(1)]

    return _NAME.sub(value, text)


@dataclass(frozen=True)
class Connection:
    """Where a storage account is: a connection string, or service addresses for an identity."""

    string: str = ""
    queue_url: str = ""
    blob_url: str = ""
    client_id: str = ""


def connection(name: str, env: Mapping[str, str]) -> Connection:
    """A connection by name: ``AzureWebJobs<name>`` before ``<name>``, values before identity sections."""
    name = name or "AzureWebJobsStorage"
    for candidate in (f"AzureWebJobs{name}", name):
        for key in (f"ConnectionStrings:{candidate}", candidate):
            if env.get(key):
                return Connection(string=env[key])
    for candidate in (f"AzureWebJobs{name}", name):
        account = env.get(f"{candidate}__accountName", "")
        queue = env.get(f"{candidate}__queueServiceUri", f"https://{account}.queue.core.windows.net" if account else "")
        blob = env.get(f"{candidate}__blobServiceUri", f"https://{account}.blob.core.windows.net" if account else "")
        if queue:
            return Connection(queue_url=queue, blob_url=blob, client_id=env.get(f"{candidate}__clientId", ""))
    raise SettingsError(f"the connection '{name}' is not set")


def seconds(text: str | float) -> float:
    """A TimeSpan ``[d.]hh:mm:ss`` in seconds; -1 is never."""
    if isinstance(text, int | float) or text.lstrip("-").isdigit():
        return float(text)
    found = _SPAN.fullmatch(text)
    if not found:
        raise SettingsError(f"'{text}' is not a time span")
    days, hours, minutes, secs = (int(part or 0) for part in found.groups())
    return float(((days * 24 + hours) * 60 + minutes) * 60 + secs)
