"""The triggers of the app: HTTP routes, timers and queues."""

from collections.abc import Callable
from types import ModuleType

import azure.functions as func

from integrations.services import Services
from integrations.triggers import (
    audit,
    background,
    consent,
    csp,
    insights,
    notifications,
    organizations,
    portal,
    removal,
    security,
    settings,
    tenants,
)
from integrations.triggers.http.routes import HttpRoutes
from integrations.triggers.people import asset_links, assets, changes, end_users, push
from integrations.triggers.user_sync import people as user_sync_people
from integrations.triggers.user_sync import settings as user_sync_settings

_TAG_OF: dict[ModuleType, str] = {
    consent: "Consent",
    csp: "CSPs",
    tenants: "Tenants",
    insights: "Insights",
    security: "Tenants",
    removal: "Removals",
    organizations: "Organizations",
    end_users: "End Users",
    push: "End Users",
    changes: "End Users",
    assets: "Assets",
    asset_links: "Assets",
    user_sync_settings: "User sync",
    user_sync_people: "User sync",
    settings: "Settings",
    audit: "Audit",
    notifications: "Notifications",
    portal: "Service",
}


def build_app(services: Callable[[], Services]) -> func.FunctionApp:
    """Build the app. ``services`` is called for each request, and not before, so that indexing needs no settings."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    app.register_functions(collect_routes(services).blueprint)
    app.register_functions(background.blueprint(services))
    return app


def collect_routes(services: Callable[[], Services]) -> HttpRoutes:
    """Every HTTP route."""
    routes = HttpRoutes(services)
    for module, routes.tag in _TAG_OF.items():
        module.add_routes(routes)
    routes.add_unmatched()
    return routes
