"""The front door: what the Azure Functions host loads. Nothing here can fail at import."""

import os

from integrations.services import connect
from integrations.settings import Settings
from integrations.triggers import build_app

app = build_app(lambda: connect(Settings.from_env(os.environ)))
