"""One service of one storage account: its endpoint, and how requests to it are authorized.

Requests are signed with the account key of a connection string (SharedKeyLite), or carry a managed identity's token.
Source: https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import formatdate
from threading import Lock
from typing import Literal, Protocol
from urllib.parse import urlsplit

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError

from shared.errors import NotConfigured
from shared.http.client import HttpClient, Response, Unreachable
from shared.storage.concurrency_limit import REQUESTS
from shared.storage.retries import CONNECT_S, Unanswered, storage_timeouts

Service = Literal["table", "queue"]

_VERSION = {"table": "2020-12-06", "queue": "2021-12-02"}
_DEFAULT_SUFFIX = "core.windows.net"
# https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure
_SUFFIX_OF_CLOUD = {
    "usgov": "core.usgovcloudapi.net",
    "usgov-dod": "core.usgovcloudapi.net",
    "china": "core.chinacloudapi.cn",
}
_DEFAULT_AUDIENCE = "https://storage.azure.com"
# The audience for tables depends on the cloud (AudienceType of azure-data-tables); for queues it is one everywhere.
_AUDIENCES = {
    ("table", "core.usgovcloudapi.net"): "https://storage.azure.us",
    ("table", "core.chinacloudapi.cn"): "https://storage.azure.cn",
}
_RENEW_BEFORE_S = 300  # a token is renewed this long before it expires


def endpoint_of(account: str, service: Service, cloud: str) -> str:
    """The endpoint of an account's service in "global", "usgov", "usgov-dod" or "china", without a slash at its end."""
    return f"https://{account}.{service}.{_SUFFIX_OF_CLOUD.get(cloud, _DEFAULT_SUFFIX)}"


def audience_of(endpoint: str, service: Service) -> str:
    """The audience of a token for the service at this endpoint."""
    suffix = (urlsplit(endpoint).hostname or "").partition(f".{service}.")[2]
    return _AUDIENCES.get((service, suffix), _DEFAULT_AUDIENCE)


class RequestSigner(Protocol):
    """Authorizes requests."""

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
        """The Authorization header of a request; ``path`` and ``query`` are percent-encoded.

        Raises:
            Unanswered: no token can be fetched now.
        """
        ...

    def renew(self) -> bool:
        """React to a 401; returns whether a second attempt may succeed."""
        ...


@dataclass(frozen=True, slots=True)
class SharedKey:
    """Signs with the account's key, in the Lite form."""

    service: Service
    account: str
    key: bytes

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
        resource = f"/{self.account}{path}"
        if query.startswith("comp="):  # the only part of a query that is signed
            resource += f"?{query.split('&', maxsplit=1)[0]}"
        if self.service == "table":
            text = f"{headers['x-ms-date']}\n{resource}"
        else:
            ms_headers = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
            text = f"{method}\n\n{headers.get('Content-Type', '')}\n\n{ms_headers}{resource}"
        digest = hmac.digest(self.key, text.encode(), hashlib.sha256)
        return f"SharedKeyLite {self.account}:{base64.b64encode(digest).decode('ascii')}"

    def renew(self) -> bool:
        return False


class Bearer:
    """Authorizes with an identity's token, which is cached until shortly before it expires."""

    def __init__(self, credential: TokenCredential, audience: str = _DEFAULT_AUDIENCE) -> None:
        self._credential = credential
        self._scope = f"{audience}/.default"
        self._token: AccessToken | None = None
        self._lock = Lock()

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:  # noqa: ARG002 - as the protocol has it
        with self._lock:
            if self._token is None or self._token.expires_on - _RENEW_BEFORE_S < time.time():
                self._token = self._fetch_token()
            return f"Bearer {self._token.token}"

    def _fetch_token(self) -> AccessToken:
        try:
            return self._credential.get_token(self._scope)
        except AzureError as error:
            raise Unanswered from error

    def renew(self) -> bool:
        with self._lock:
            self._token = None
        return True


class StorageAccount:
    """The tables or the queues of one account, over pooled connections.

    ``ca_file`` and ``user_agent`` are as for ``HttpClient``.
    """

    def __init__(
        self,
        service: Service,
        endpoint: str,
        signer: RequestSigner,
        ca_file: str | None = None,
        *,
        user_agent: str = "",
    ) -> None:
        parts = urlsplit(endpoint.rstrip("/"))
        self.endpoint = endpoint.rstrip("/")
        self.path = parts.path
        self._version = _VERSION[service]
        self._signer = signer
        self._root = f"{parts.scheme}://{parts.netloc}"
        self._http_client = HttpClient(ca_file, connect_s=CONNECT_S, user_agent=user_agent)

    @classmethod
    def from_connection_string(
        cls, connection: str, service: Service, ca_file: str | None = None, *, user_agent: str = ""
    ) -> "StorageAccount":
        """Authorize with the key of a connection string.

        Raises:
            NotConfigured: the string has no account name or no key.
        """
        settings = dict(part.split("=", 1) for part in connection.split(";") if "=" in part)
        try:
            name, key = settings["AccountName"], base64.b64decode(settings["AccountKey"], validate=True)
        except (KeyError, binascii.Error) as error:
            raise NotConfigured("AzureWebJobsStorage needs AccountName and AccountKey") from error
        suffix = settings.get("EndpointSuffix", _DEFAULT_SUFFIX)
        default = f"{settings.get('DefaultEndpointsProtocol', 'https')}://{name}.{service}.{suffix}"
        endpoint = settings.get(f"{service.capitalize()}Endpoint") or default
        return cls(service, endpoint, SharedKey(service, name, key), ca_file, user_agent=user_agent)

    @classmethod
    def by_identity(
        cls,
        endpoint: str,
        service: Service,
        credential: TokenCredential,
        ca_file: str | None = None,
        *,
        user_agent: str = "",
    ) -> "StorageAccount":
        """Authorize with the tokens of a managed identity."""
        signer = Bearer(credential, audience_of(endpoint, service))
        return cls(service, endpoint, signer, ca_file, user_agent=user_agent)

    def send(
        self, method: str, path: str, *, query: str = "", headers: Mapping[str, str], body: bytes | None = None
    ) -> Response:
        """Send one authorized request; ``path`` and ``query`` are percent-encoded already.

        Raises:
            Unanswered: no complete response; the request may have been performed all the same.
        """
        response = self._send_once(method, path, query, headers, body)
        if response.status == 401 and self._signer.renew():
            return self._send_once(method, path, query, headers, body)
        return response

    def _send_once(
        self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None
    ) -> Response:
        signed = {**headers, "x-ms-version": self._version, "x-ms-date": formatdate(usegmt=True)}
        full_path = self.path + path
        signed["Authorization"] = self._signer.authorization(method, full_path, query, signed)
        try:
            url = f"{self._root}{full_path}?{query}" if query else self._root + full_path
            timeouts = storage_timeouts()
            REQUESTS.add()
            return self._http_client.send(
                method,
                url,
                headers=signed,
                body=body,
                within_s=timeouts.response_timeout_s,
                read_s=timeouts.read_timeout_s,
            )
        except Unreachable as error:
            raise Unanswered from error
