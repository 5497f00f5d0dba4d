"""Microsoft's clouds: the root URLs of sign-in, Graph and Partner Center in each.

Source: https://learn.microsoft.com/graph/deployments
"""

from typing import NamedTuple

_PARTNER = "https://api.partnercenter.microsoft.com"


class Endpoints(NamedTuple):
    """Root URLs of one cloud, without a slash at the end."""

    login: str
    graph: str
    partner: str

    @classmethod
    def of_cloud(cls, cloud: str) -> "Endpoints":
        """The endpoints of "global", "usgov", "usgov-dod" or "china"; raises KeyError for any other name."""
        return _CLOUDS[cloud]

    @property
    def login_roots(self) -> tuple[str, ...]:
        """All root URLs that this cloud's Entra uses for itself, in its metadata and in ``iss``."""
        return (self.login, *_ALIASES.get(self.login, ()))


_CLOUDS = {
    "global": Endpoints("https://login.microsoftonline.com", "https://graph.microsoft.com", _PARTNER),
    "usgov": Endpoints("https://login.microsoftonline.us", "https://graph.microsoft.us", _PARTNER),
    "usgov-dod": Endpoints("https://login.microsoftonline.us", "https://dod-graph.microsoft.us", _PARTNER),
    "china": Endpoints(
        "https://login.chinacloudapi.cn",
        "https://microsoftgraph.chinacloudapi.cn",
        "https://partner.partnercenterapi.microsoftonline.cn",
    ),
}
_ALIASES = {"https://login.chinacloudapi.cn": ("https://login.partner.microsoftonline.cn",)}
