"""One service of one storage account: where it is, and how a request to it is signed.

By account key, as a connection string has it (SharedKeyLite), or by a managed identity's token (bearer).
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
from shared.http.client import Response, Unreachable, Web
from shared.storage.retries import CONNECT_S, Unanswered, storage_timeouts

Service = Literal["table", "queue"]

_VERSION = {"table": "2020-12-06", "queue": "2021-12-02"}
_PUBLIC = "core.windows.net"
# https://learn.microsoft.com/azure/azure-government/compare-azure-government-global-azure
_SUFFIX_OF_CLOUD = {
    "usgov": "core.usgovcloudapi.net",
    "usgov-dod": "core.usgovcloudapi.net",
    "china": "core.chinacloudapi.cn",
}
_ANY_ACCOUNT = "https://storage.azure.com"
# Tables are told apart by cloud (AudienceType of azure-data-tables); for queues Microsoft names one for all accounts.
_AUDIENCE_OF_SUFFIX = {
    ("table", "core.usgovcloudapi.net"): "https://storage.azure.us",
    ("table", "core.chinacloudapi.cn"): "https://storage.azure.cn",
}
_RENEW_S = 300  # a token is renewed so long before it ends


def endpoint_of(account: str, service: Service, cloud: str) -> str:
    """Where a service of an account is in one of Microsoft's clouds, named as the setting MICROSOFT_CLOUD is."""
    return f"https://{account}.{service}.{_SUFFIX_OF_CLOUD.get(cloud, _PUBLIC)}"


def audience_of(endpoint: str, service: Service) -> str:
    """For whom a token has to be that opens a service at this address."""
    suffix = (urlsplit(endpoint).hostname or "").partition(f".{service}.")[2]
    return _AUDIENCE_OF_SUFFIX.get((service, suffix), _ANY_ACCOUNT)


class RequestSigner(Protocol):
    """Says with which headers a request is ours."""

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
        """Raises Unanswered when there is no way to sign now."""
        ...

    def forget(self) -> bool:
        """The answer was 401: whether another try may fare better."""
        ...


@dataclass(frozen=True, slots=True)
class SharedKey:
    """Signs with the account's key; the Lite form, which leaves the body's length out."""

    service: Service
    account: str
    key: bytes

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
        resource = f"/{self.account}{path}"
        if query.startswith("comp="):  # only this part of a query is signed
            resource += f"?{query.split('&', maxsplit=1)[0]}"
        if self.service == "table":
            told = f"{headers['x-ms-date']}\n{resource}"
        else:
            ours = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
            told = f"{method}\n\n{headers.get('Content-Type', '')}\n\n{ours}{resource}"
        digest = hmac.digest(self.key, told.encode(), hashlib.sha256)
        return f"SharedKeyLite {self.account}:{base64.b64encode(digest).decode('ascii')}"

    def forget(self) -> bool:
        return False


class Bearer:
    """Signs with an identity's token, kept until shortly before it ends."""

    def __init__(self, credential: TokenCredential, audience: str = _ANY_ACCOUNT) -> None:
        self._credential = credential
        self._scope = f"{audience}/.default"
        self._token: AccessToken | None = None
        self._lock = Lock()

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:  # noqa: ARG002 - Signer's form
        with self._lock:
            if self._token is None or self._token.expires_on - _RENEW_S < time.time():
                self._token = self._fetched()
            return f"Bearer {self._token.token}"

    def _fetched(self) -> AccessToken:
        try:
            return self._credential.get_token(self._scope)
        except AzureError as error:
            raise Unanswered from error

    def forget(self) -> bool:
        with self._lock:
            self._token = None
        return True


class StorageAccount:
    """Tables or queues of one account, over pooled connections."""

    def __init__(self, service: Service, endpoint: str, signer: RequestSigner, ca_file: str | None = None) -> None:
        parts = urlsplit(endpoint.rstrip("/"))
        self.endpoint = endpoint.rstrip("/")
        self.path = parts.path
        self._version = _VERSION[service]
        self._signer = signer
        self._root = f"{parts.scheme}://{parts.netloc}"
        self._web = Web(ca_file, connect_s=CONNECT_S)

    @classmethod
    def from_connection_string(cls, connection: str, service: Service, ca_file: str | None = None) -> "StorageAccount":
        """Raises NotConfigured when the string has no account name and key."""
        told = dict(part.split("=", 1) for part in connection.split(";") if "=" in part)
        try:
            name, key = told["AccountName"], base64.b64decode(told["AccountKey"], validate=True)
        except (KeyError, binascii.Error) as error:
            raise NotConfigured("AzureWebJobsStorage needs AccountName and AccountKey") from error
        suffix = told.get("EndpointSuffix", _PUBLIC)
        usual = f"{told.get('DefaultEndpointsProtocol', 'https')}://{name}.{service}.{suffix}"
        endpoint = told.get(f"{service.capitalize()}Endpoint") or usual
        return cls(service, endpoint, SharedKey(service, name, key), ca_file)

    @classmethod
    def by_identity(
        cls, endpoint: str, service: Service, credential: TokenCredential, ca_file: str | None = None
    ) -> "StorageAccount":
        return cls(service, endpoint, Bearer(credential, audience_of(endpoint, service)), ca_file)

    def send(
        self, method: str, path: str, *, query: str = "", headers: Mapping[str, str], body: bytes | None = None
    ) -> Response:
        """Send one signed request; ``path`` and ``query`` are percent-encoded already.

        Raises:
            Unanswered: no complete answer came; what was asked may be done.
        """
        answer = self._once(method, path, query, headers, body)
        if answer.status == 401 and self._signer.forget():
            return self._once(method, path, query, headers, body)
        return answer

    def _once(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        signed = {**headers, "x-ms-version": self._version, "x-ms-date": formatdate(usegmt=True)}
        where = self.path + path
        signed["Authorization"] = self._signer.authorization(method, where, query, signed)
        try:
            url = f"{self._root}{where}?{query}" if query else self._root + where
            limits = storage_timeouts()
            return self._web.send(
                method, url, headers=signed, body=body, within_s=limits.response_timeout_s, read_s=limits.read_timeout_s
            )
        except Unreachable as error:
            raise Unanswered from error
