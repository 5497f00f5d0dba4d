"""The transport of Microsoft's SDK over our own HTTP client, so that the same limits hold for all requests.

The SDK's own transport has no deadline for a complete response, reads the proxy environment with each request, and
takes two thirds of the CPU of reading a row.
Source: https://learn.microsoft.com/azure/developer/python/sdk/azure-sdk-library-usage-patterns
"""

from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import HttpResponse, HttpTransport
from azure.core.rest import HttpRequest
from azure.core.utils import case_insensitive_dict

from shared.http.client import HttpClient, Response, Unreachable
from shared.storage.concurrency_limit import REQUESTS
from shared.storage.retries import CONNECT_S, storage_timeouts


class BoundedTransport(HttpTransport[HttpRequest, HttpResponse]):
    """Sends requests to one server only, within the timeouts of ``shared.storage.retries``."""

    def __init__(self, endpoint: str, ca_file: str | None = None) -> None:
        parts = urlsplit(endpoint)
        self._root = f"{parts.scheme}://{parts.netloc}/"
        self._http_client = HttpClient(ca_file, connect_s=CONNECT_S)

    def send(self, request: HttpRequest, **_options: Any) -> HttpResponse:
        """Send one request and read the complete response.

        Raises:
            ServiceResponseError: no complete response; the request may have been performed all the same.
        """
        if not request.url.startswith(self._root):
            raise ServiceResponseError("the request leads to another server")
        # The HTTP client sets the length of what it really sends.
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        timeouts = storage_timeouts()
        REQUESTS.add()
        try:
            response = self._http_client.send(
                request.method,
                request.url,
                headers=headers,
                body=_bytes_of(request.content),
                within_s=timeouts.response_timeout_s,
                read_s=timeouts.read_timeout_s,
            )
        except Unreachable as error:
            raise ServiceResponseError(str(error), error=error) from error
        return _SdkResponse(request, response)

    def open(self) -> None:
        """Nothing to do: connections open when they are used."""

    def close(self) -> None:
        """Nothing to do: connections live as long as the process."""

    def __exit__(self, *_: object) -> None:
        self.close()


class _SdkResponse(HttpResponse):
    """A response as the SDK reads it."""

    def __init__(self, request: Any, response: Response) -> None:
        super().__init__(request, response)
        self.status_code = response.status
        self.headers = case_insensitive_dict(response.headers)
        self.reason = ""
        self.content_type = response.headers.get("content-type")
        self._body = response.body

    def body(self) -> bytes:
        return self._body


def _bytes_of(content: Any) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
