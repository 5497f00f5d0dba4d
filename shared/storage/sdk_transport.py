"""How Microsoft's SDK sends its requests: over our connections, so that the same limits hold for it as for everybody.

Its own transport has no deadline for a whole answer, looks at the environment for proxies with each request, and takes
two thirds of the CPU of reading a row.
Source: https://learn.microsoft.com/azure/developer/python/sdk/azure-sdk-library-usage-patterns
"""

from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import ServiceResponseError
from azure.core.pipeline.transport import HttpResponse, HttpTransport
from azure.core.rest import HttpRequest
from azure.core.utils import case_insensitive_dict

from shared.http.client import Response, Unreachable, Web
from shared.storage.retries import CONNECT_S, storage_timeouts


class BoundedTransport(HttpTransport[HttpRequest, HttpResponse]):
    """Sends to one server only; a request answers within the limits of ``shared.storage.retries``, or fails."""

    def __init__(self, endpoint: str, ca_file: str | None = None) -> None:
        parts = urlsplit(endpoint)
        self._root = f"{parts.scheme}://{parts.netloc}/"
        self._web = Web(ca_file, connect_s=CONNECT_S)

    def send(self, request: HttpRequest, **_options: Any) -> HttpResponse:
        """Send one request and read the whole answer.

        Raises:
            ServiceResponseError: no complete answer came; what was asked may be done.
        """
        if not request.url.startswith(self._root):
            raise ServiceResponseError("the request leads to another server")
        # The length is of what is really sent, whatever the SDK has counted.
        headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
        limits = storage_timeouts()
        try:
            answer = self._web.send(
                request.method,
                request.url,
                headers=headers,
                body=_bytes_of(request.content),
                within_s=limits.response_timeout_s,
                read_s=limits.read_timeout_s,
            )
        except Unreachable as error:
            raise ServiceResponseError(str(error), error=error) from error
        return _Answer(request, answer)

    def open(self) -> None:
        """Connections open when they are used."""

    def close(self) -> None:
        """Connections live as long as the process."""

    def __exit__(self, *_: object) -> None:
        self.close()


class _Answer(HttpResponse):
    """A whole answer in the form that the SDK reads."""

    def __init__(self, request: Any, answer: Response) -> None:
        super().__init__(request, answer)
        self.status_code = answer.status
        self.headers = case_insensitive_dict(answer.headers)
        self.reason = ""
        self.content_type = answer.headers.get("content-type")
        self._body = answer.body

    def body(self) -> bytes:
        return self._body


def _bytes_of(content: Any) -> bytes | None:
    return content.encode() if isinstance(content, str) else content
