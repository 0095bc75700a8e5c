"""The official SDK as transport: it signs and sends, we read the bytes. Every failure becomes one of our own errors.

Only the `..._without_preload_content` twins are used: their answers are untouched, so a changed answer is ours to parse
and not the SDK's to refuse. A timeout is always given; the SDK's own default is five minutes. The SDK drops unknown
keywords silently, so `build` refuses them: a misspelt `post_only` would place an order that takes.
"""

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import aiohttp
import kalshi_python_async as kalshi
from pydantic import BaseModel, ValidationError

from core.errors import Declined, KwmError, Malformed, OutcomeUnknown, Throttled, Unsent
from core.exchange.credentials import Credentials
from core.exchange.translate import decode, error_of
from core.units import Instant, from_datetime

_PAGES = 100  # a cursor that never ends is a fault, not a reason to hang


class Page(Protocol):
    """A body with a cursor."""

    @property
    def cursor(self) -> str | None:
        """Where the next page begins; empty or null at the end."""


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
        self.keys = kalshi.ApiKeysApi(self.client)
        self.incentives = kalshi.IncentiveProgramsApi(self.client)
        self.date = ""  # the Date header of the latest answer: the server's clock, to the second
        self.said_at: Instant | None = None  # the latest of them all: answers may overtake one another
        self.timeout_s = timeout_s
        self.tap: Callable[[str, bytes], None] | None = None  # ("GET /path?query 200", body) of every answer

    async def close(self) -> None:
        """Let the connections go."""
        await self.client.close()

    async def call(self, method: Any, *args: Any, **kwargs: Any) -> bytes:
        """Call one `..._without_preload_content` method; the body of a 2xx.

        Raises: Unsent, OutcomeUnknown, Throttled, Declined (also for a request the SDK's own types refuse).
        """
        try:
            return await asyncio.wait_for(self._answer(method(*args, _request_timeout=self.timeout_s, **kwargs)),
                                          self.timeout_s + 1.0)  # fmt: skip
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, ConnectionRefusedError) as error:
            raise Unsent(f"{method.__name__}: {error}") from error  # no connection was made: nothing was sent
        except ValidationError as error:
            raise _refused_here(method.__name__, error) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise OutcomeUnknown(f"{method.__name__}: {type(error).__name__} {error}") from error

    async def pages[P: Page](self, method: Any, kind: type[P], **kwargs: Any) -> list[P]:
        """Every page of a listing. Raises: those of `call`; Malformed for a page unread or a cursor that goes round."""
        found: list[P] = []
        seen: set[str] = set()
        cursor: str | None = None
        for _ in range(_PAGES):
            page = decode(await self.call(method, cursor=cursor, **kwargs), kind)
            found.append(page)
            cursor = page.cursor
            if not cursor:
                return found
            if cursor in seen:
                raise Malformed("cursor", cursor, "the pages go round in a circle")
            seen.add(cursor)
        raise Malformed("cursor", cursor, f"more than {_PAGES} pages")

    async def _answer(self, asked: Awaitable[Any]) -> bytes:
        response = await asked
        body: bytes = await response.read()
        status: int = response.status
        self.date = response.headers.get("Date", "")
        self.said_at = latest(self.said_at, self.date)
        response.release()
        if self.tap is not None:
            self.tap(f"{response.method} {response.url.raw_path_qs} {status}", body)
        if 200 <= status < 300:
            return body
        raise refusal(status, body)


def latest(said_at: Instant | None, date: str) -> Instant | None:
    """The later of an instant and a Date header. None for one that cannot be read: what an answer before it said is not
    of now. Pure."""
    try:
        said = from_datetime(parsedate_to_datetime(date))
    except (ValueError, TypeError):
        return None
    return said if said_at is None else max(said_at, said)


def build[M: BaseModel](kind: type[M], body: dict[str, Any]) -> M:
    """One of the SDK's request models. Raises: Declined for values it refuses; nothing was sent."""
    unknown = body.keys() - kind.model_fields.keys()
    assert not unknown, f"{kind.__name__} has no {unknown}; the SDK would drop it silently"
    try:
        return kind(**body)
    except ValidationError as error:
        raise _refused_here(kind.__name__, error) from error


def refusal(status: int, body: bytes) -> KwmError:
    """A status and an error body -> our error."""
    code, words = error_of(body)
    if status == 429:
        return Throttled(status, code or "too_many_requests", words)
    if status >= 500:
        return OutcomeUnknown(f"{status} {code} {words}")
    return Declined(status, code or str(status), words)


def _refused_here(name: str, error: ValidationError) -> Declined:
    first = error.errors()[0]
    return Declined(400, "refused_by_sdk", f"{name}: {'.'.join(map(str, first['loc']))}: {first['msg']}")
