"""What Entra publishes about itself.

Source: https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc
"""

from typing import Any

# Segments of an address that stand for no tenant in particular.
SHARED = frozenset({"common", "organizations", "consumers"})
_CLAIMS = ("sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host",
           "aud", "exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash",
           "c_hash", "email")  # fmt: skip


def configuration(login: str, graph: str, segment: str) -> dict[str, Any]:
    """The discovery document of a tenant (its GUID) or of one of the shared segments."""
    root = f"{login}/{segment}"
    return {
        "token_endpoint": f"{root}/oauth2/v2.0/token",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": f"{root}/discovery/v2.0/keys",
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": f"{login}/{'{tenantid}' if segment in SHARED else segment}/v2.0",
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": f"{graph}/oidc/userinfo",
        "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
        "device_authorization_endpoint": f"{root}/oauth2/v2.0/devicecode",
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "end_session_endpoint": f"{root}/oauth2/v2.0/logout",
        "claims_supported": list(_CLAIMS),
        "tenant_region_scope": None if segment in SHARED else "NA",
        "cloud_instance_name": login.removeprefix("https://"),
        "cloud_graph_host_name": graph.removeprefix("https://"),
        "msgraph_host": graph.removeprefix("https://"),
    }


def instances(login: str) -> dict[str, Any]:
    """Instance discovery: which hosts are one and the same cloud."""
    host = login.removeprefix("https://")
    return {
        "tenant_discovery_endpoint": f"{login}/common/v2.0/.well-known/openid-configuration",
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
    }
