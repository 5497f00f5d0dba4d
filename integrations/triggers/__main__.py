"""``python -m integrations.triggers docs/openapi.json`` writes the OpenAPI document."""

import sys
from pathlib import Path

import msgspec

from integrations.services import Services
from integrations.triggers import collect_routes
from integrations.triggers.http.openapi import document


def _no_services() -> Services:
    raise AssertionError("describing the API needs no services")


text = msgspec.json.format(msgspec.json.encode(document(collect_routes(_no_services).all)), indent=1)
Path(sys.argv[1]).write_bytes(text + b"\n")
