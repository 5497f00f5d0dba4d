"""The same users through Microsoft's own client, msgraph-sdk; runs in the peers' environment."""

import asyncio
import json
import sys
import time
from typing import Any

from kiota_abstractions.authentication import AnonymousAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.users.users_request_builder import UsersRequestBuilder

Options = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters


async def read(root: str, select: list[str], top: int) -> int:
    adapter = GraphRequestAdapter(AnonymousAuthenticationProvider())
    adapter.base_url = f"{root}/v1.0"
    client: Any = GraphServiceClient(request_adapter=adapter)
    settings = UsersRequestBuilder.UsersRequestBuilderGetRequestConfiguration(
        query_parameters=Options(select=select, top=top)
    )
    page = await client.users.get(request_configuration=settings)
    count = len(page.value)
    while page.odata_next_link:
        page = await client.users.with_url(page.odata_next_link).get()
        count += len(page.value)
    return count


def main() -> None:
    told = json.loads(sys.stdin.read())
    cpu, wall = time.process_time(), time.monotonic()
    count = asyncio.run(read(told["graph_url"], told["select"], told["top"]))
    print(json.dumps({"cpu_s": time.process_time() - cpu, "wall_s": time.monotonic() - wall, "items": count}))


if __name__ == "__main__":
    main()
