"""The server of the exchange's speed tests, a process of its own: `python -m tests.bench.exchange_server PORT KEYFILE`.

A create is answered at once with a fixed body, so that what is measured is the client; `POST /storm` makes the
embedded exchange change one book as fast as it is told to.
"""

import asyncio
import itertools
import sys
from pathlib import Path

import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from core import messages as m
from core.exchange.auth import Keyring
from core.exchange.history import History
from core.exchange.server import application
from core.exchange.traders import NOISE
from core.exchange.venue import USER
from core.units import Count, Price
from tests.core.exchange_client.loopback import new_venue

_CREATED = (b'{"order_id":"0000002a-0000-4000-8000-000000000000","client_order_id":"kwm-1","fill_count":"0.00",'
            b'"remaining_count":"10.00","ts_ms":1795446060123}')  # fmt: skip


def main(port: int, pem: bytes) -> None:
    """Serve until killed."""
    venue, markets, _, _ = new_venue()
    key = load_pem_private_key(pem, None)
    assert isinstance(key, Ed25519PrivateKey), "the speed tests sign with Ed25519"
    app = application(venue, Keyring({"embedded": (USER, key.public_key())}), History(None), ticking=False)
    ticker, names = markets[0].ticker, itertools.count()

    async def created(request: Request) -> Response:
        await request.body()
        return Response(_CREATED, 201, media_type="application/json")

    async def storm(request: Request) -> Response:
        number = int(request.query_params["n"])
        for k in range(number):
            venue.request(
                NOISE, m.PlaceOrder(f"s{next(names)}", ticker, m.Side.BID, Price(100 + 100 * (k % 50)), Count(100))
            )
            if k % 20 == 19:
                await asyncio.sleep(0)
        return Response(str(number))

    async def which(_: Request) -> Response:
        return Response(ticker)

    routes = [
        Route("/fixed/trade-api/v2/portfolio/events/orders", created, methods=["POST"]),
        Route("/storm", storm, methods=["POST"]),
        Route("/ticker", which),
        Mount("/", app),
    ]
    uvicorn.run(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="error", access_log=False,
                ws="websockets-sansio")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes())
