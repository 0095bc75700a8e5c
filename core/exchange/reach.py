"""What a shell needs of an exchange, whoever stands behind it: Kalshi (`rest.py`, `stream.py`) or a paper one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from core import messages as m
from core.clock import Clock
from core.config import Settings
from core.exchange.credentials import Credentials
from core.exchange.endpoints import endpoints
from core.exchange.rest import Rest
from core.exchange.sdk import Sdk
from core.exchange.stream import Stream
from core.units import Instant


class Desk(Protocol):
    """Requests and questions. `perform` never raises for what the other side did; questions raise the taxonomy."""

    async def perform(self, request: m.Request) -> list[m.Said]:
        """Send one request; what its answer tells us."""

    async def report_orders(self) -> m.OrdersReported:
        """Every resting order of the account."""

    async def as_of(self) -> Instant:
        """Of when the lists are that would be given now: what came later may not be in them yet."""

    def said_at(self) -> Instant | None:
        """The exchange's clock at its latest answer, up to a second early; None while none has said it."""

    async def report_positions(self) -> m.PositionsReported:
        """Every position, and the balance."""

    async def look_up(self, client_order_id: str, ticker: str, order_id: str = "") -> m.OrderLookedUp:
        """What became of one order."""

    async def fills_since(self, since: Instant) -> list[m.Fill]:
        """Our fills at or after `since`, oldest first."""

    async def status(self) -> m.TradingStatus:
        """Does the exchange trade?"""

    async def close(self) -> None:
        """Let the connections go."""


class Feed(Protocol):
    """The stream of books, trades and our own orders."""

    session: Any

    async def run(self, put: Callable[[m.Said], None]) -> None:
        """Until cancelled."""

    def watch(self, tickers: set[str]) -> None:
        """The markets whose books and trades are wanted, from now on."""

    def resync(self, tickers: set[str]) -> None:
        """Ask for new snapshots of these."""


@dataclass(frozen=True, slots=True)
class Reach:
    """An exchange within reach: `sdk` for what it lists, `desk` for orders, `feed` for what it says."""

    sdk: Sdk
    desk: Desk
    feed: Feed


def kalshi(settings: Settings, clock: Clock, key: Credentials) -> Reach:
    """The chosen environment's exchange with this key."""
    where = endpoints(settings)
    sdk = Sdk(where.rest, key, settings.exchange.timeout_s)
    whose, shard = settings.exchange.subaccount, settings.exchange.exchange_index
    feed = Stream(where.stream, key, clock, use_yes_price=settings.exchange.use_yes_price, subaccount=whose)
    return Reach(sdk, Rest(sdk, clock.now, shard, whose), feed)
