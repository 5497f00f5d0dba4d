"""The front door: what the Azure Functions host loads. Nothing here can fail at import."""

import os
from functools import cache

from shared.memory import loading_modules

with loading_modules():
    from integrations.services import connect
    from integrations.settings import Settings
    from integrations.triggers import build_app

    app = build_app(cache(lambda: connect(Settings.from_env(os.environ))))
