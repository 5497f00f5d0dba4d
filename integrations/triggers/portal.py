"""HTTP routes of the page itself: static files, configuration, who is signed in, health, the OpenAPI document."""

from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from integrations.actions.plan.read_caller import read_caller
from integrations.services import Services
from integrations.settings import Settings
from integrations.triggers.http.openapi import document
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.caller import CallerView
from integrations.views.service import Health, HelpPages, PageConfig
from shared.errors import NotFound
from shared.http.responses import ApiResponse, ok, see_other, with_etag

_FILES = Path(__file__).parent.parent / "portal"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PORTAL_ORIGIN = b'<meta name="portal-origin" content="">'


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "page/{*path}",
        needs=Need.NOTHING,
        summary="The page and its static files.",
        answers={200: None},
        in_api=False,
    )
    def get_page(call: RequestContext) -> ApiResponse:
        if not call.request.url.split("?")[0].split("/api/page", 1)[-1]:
            return see_other(f"{call.services.settings.portal_url}/")  # the page's files are relative to it
        path = call.param("path") or "index.html"
        if path == "config.json":
            return ok(_config(call.services))
        return with_etag(_file(path, call.services.settings), call.request.headers.get("If-None-Match", ""))

    @routes.add(
        "GET",
        "caller",
        needs=Need.READ,
        summary="Who is signed in, and whether their account's plan allows changes.",
        answers={200: CallerView},
    )
    def get_caller(call: RequestContext) -> ApiResponse:
        return ok(read_caller(call.services, call.actor, call.user))

    @routes.add("GET", "health", needs=Need.NOTHING, summary="Liveness: the process is running.", answers={200: Health})
    def get_health(_call: RequestContext) -> ApiResponse:
        return ok(Health("alive"))

    @routes.add(
        "GET",
        "health/ready",
        needs=Need.NOTHING,
        summary="Readiness: the service is configured and its storage answers.",
        answers={200: Health},
    )
    def get_ready(call: RequestContext) -> ApiResponse:
        call.services.tables.check_ready()
        return ok(Health("ready"))

    @routes.add(
        "GET",
        "openapi.json",
        needs=Need.NOTHING,
        summary="This API as an OpenAPI 3.1 document.",
        answers={200: None},
        in_api=False,
    )
    def get_openapi(_call: RequestContext) -> ApiResponse:
        return ok(document(routes.all))


def _config(services: Services) -> PageConfig:
    settings = services.settings
    return PageConfig(
        product_name=settings.product_name,
        personas_url=settings.portal_personas_url or None,
        help=HelpPages(
            important_information=settings.help_important_information_url or "help/important-information.html",
            troubleshooting=settings.help_troubleshooting_url or "help/troubleshooting.html",
            mapping=settings.help_mapping_url or "help/mapping.html",
        ),
    )


def _file(path: str, settings: Settings) -> ApiResponse:
    content = _contents().get(path)
    if content is None:
        raise NotFound("There is no such file.")
    portal = _origin(settings.portal_url)
    connect = " ".join(filter(None, ["'self'", settings.portal_personas_url]))
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src {connect}; base-uri 'none'; form-action 'none'; frame-ancestors {portal}"
    )
    filled = content.replace(_PORTAL_ORIGIN, _with_origin(portal))
    return ApiResponse(200, filled, _TYPES[Path(path).suffix], {"Content-Security-Policy": policy})


def _with_origin(portal: str) -> bytes:
    """The only part of index.html that depends on settings: the origin that may send the page a token."""
    return _PORTAL_ORIGIN.replace(b'""', f'"{escape(portal)}"'.encode())


def _origin(url: str) -> str:
    split = urlsplit(url)
    return f"{split.scheme}://{split.netloc.lower()}"


@cache
def _contents() -> dict[str, bytes]:
    """Every file of the page, read once; paths from requests never reach the file system."""
    paths = [path for path in _FILES.rglob("*") if path.suffix in _TYPES]
    return {path.relative_to(_FILES).as_posix(): path.read_bytes() for path in paths}
