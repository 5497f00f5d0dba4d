"""The doors of the app: everything that knows a request, a timer or a queue message."""

from collections.abc import Callable
from functools import cache

import azure.functions as func

from integrations.services import Services
from integrations.triggers import (
    audit,
    background,
    consent,
    csp,
    notifications,
    organizations,
    portal,
    removal,
    tenants,
)
from integrations.triggers.routes import HttpRoutes


def build_app(services: Callable[[], Services]) -> func.FunctionApp:
    """The whole app. ``services`` is called at the first request, so that indexing needs no settings."""
    once = cache(services)
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    app.register_functions(collect_routes(once).blueprint)
    app.register_functions(background.blueprint(once))
    return app


def collect_routes(services: Callable[[], Services]) -> HttpRoutes:
    """Every HTTP door."""
    routes = HttpRoutes(services)
    for room in (consent, csp, tenants, removal, organizations, audit, notifications, portal):
        room.add_doors(routes)
    return routes
