"""The official SDK as transport: it signs and sends, we read the bytes. Every failure becomes one of our own errors.

Only the `..._without_preload_content` twins are used: their answers are untouched, so a changed answer is ours to parse
and not the SDK's to refuse. A timeout is always given; the SDK's own default is five minutes.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any

import aiohttp
import kalshi_python_async as kalshi
from pydantic import ValidationError

from core.errors import Declined, KwmError, Malformed, OutcomeUnknown, Throttled, Unsent
from core.exchange.credentials import Credentials
from core.exchange.translate import error_of


class Sdk:
    """One signed client. `credentials` None: public endpoints only."""

    def __init__(self, rest_url: str, credentials: Credentials | None, timeout_s: float) -> None:
        configuration = kalshi.Configuration(host=rest_url)
        if credentials is not None:
            configuration.api_key_id = credentials.key_id
            configuration.private_key_pem = credentials.pem
        configuration.connection_pool_maxsize = 32
        self.client = kalshi.KalshiClient(configuration)
        self.orders = kalshi.OrdersApi(self.client)
        self.portfolio = kalshi.PortfolioApi(self.client)
        self.markets = kalshi.MarketApi(self.client)
        self.events = kalshi.EventsApi(self.client)
        self.exchange = kalshi.ExchangeApi(self.client)
        self.groups = kalshi.OrderGroupsApi(self.client)
        self.account = kalshi.AccountApi(self.client)
        self.timeout = (min(timeout_s, 3.0), timeout_s)
        self.timeout_s = timeout_s

    async def close(self) -> None:
        """Let the connections go."""
        await self.client.close()

    async def call(self, method: Any, *args: Any, **kwargs: Any) -> bytes:
        """Call one `..._without_preload_content` method; the body of a 2xx.

        Raises: Unsent, OutcomeUnknown, Throttled, Declined, Malformed (a request the SDK's own types refuse).
        """
        try:
            return await asyncio.wait_for(self._answer(method(*args, _request_timeout=self.timeout_s, **kwargs)),
                                          self.timeout_s + 1.0)  # fmt: skip
        except (aiohttp.ClientConnectorError, aiohttp.ClientConnectorDNSError, ConnectionRefusedError) as error:
            raise Unsent(f"{method.__name__}: {error}") from error
        except ValidationError as error:
            raise Malformed(method.__name__, args, str(error)) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise OutcomeUnknown(f"{method.__name__}: {type(error).__name__} {error}") from error

    async def _answer(self, asked: Awaitable[Any]) -> bytes:
        response = await asked
        body: bytes = await response.read()
        status: int = response.status
        response.release()
        if 200 <= status < 300:
            return body
        raise refusal(status, body)


def refusal(status: int, body: bytes) -> KwmError:
    """A status and an error body -> our error."""
    code, words = error_of(body)
    if status == 429:
        return Throttled(status, code or "too_many_requests", words)
    if status >= 500:
        return OutcomeUnknown(f"{status} {code} {words}")
    return Declined(status, code or str(status), words)
