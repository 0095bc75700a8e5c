"""What reads of a seeded world's exchange are served from: now and then an earlier state of our account.

Kept as changes, not as snapshots: what one of our orders or positions came to, and when. Nothing here is later than its
instant, so a list of an earlier one lacks what was not there yet and shows what is gone since.
"""

from typing import TYPE_CHECKING

import msgspec

from core import messages as m
from core.exchange.simulator import view
from core.units import Instant, Money
from quoter.shell.world_crowd import US

if TYPE_CHECKING:
    from quoter.shell.world import World

_MOST_MS = 12_000  # below what the engine takes for the longest lag


class Replica:
    """One world's. Instants are the world's, not the exchange's clock's."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.orders: dict[str, list[tuple[Instant, m.OrderView]]] = {}
        self.positions: dict[str, list[tuple[Instant, m.PositionView | None]]] = {}
        self.balances: list[tuple[Instant, Money]] = [(Instant(0), world.cash)]

    # --- what happens ------------------------------------------------------------------------------------------------

    def note(self, said: m.Said) -> None:
        """The exchange said this of our account."""
        if isinstance(said, (m.Acked, m.Gone, m.Fill)):
            at = Instant(said.at - self.world.plan.skew)
            order = self.world.exchange.orders.get(said.order_id)
            if order is not None:
                self.orders.setdefault(order.order_id, []).append((at, view(order)))
            if isinstance(said, m.Fill):
                self._holds(said.ticker, at)

    def paid_out(self, said: m.MarketChanged) -> None:
        """A market was paid out: nothing is held there any more."""
        self._holds(said.ticker, Instant(said.at - self.world.plan.skew))

    def _holds(self, ticker: str, at: Instant) -> None:
        account = self.world.exchange.accounts[US]
        h = account.holdings.get(ticker)
        held = None if h is None else m.PositionView(ticker, h.position, account.exposure(h), h.realized, h.fees)
        self.positions.setdefault(ticker, []).append((at, held))
        self.balances.append((at, account.balance))

    # --- what is read ------------------------------------------------------------------------------------------------

    def of(self) -> Instant:
        """Of when the next read is: mostly of now; of a replica that is behind up to five seconds ago, rarely more."""
        world = self.world
        if not world.happens(world.faults.behind):
            return world.now
        most = _MOST_MS if world.rng.random() < 0.1 else 5_000
        return Instant(world.now - world.rng.randint(0, most) * 1_000_000)

    def as_of(self, of: Instant) -> Instant | None:
        """What the exchange says of when such a read is, if it says it: about, by its own clock."""
        world = self.world
        if not self._says() or world.happens(world.faults.no_as_of):
            return None
        return Instant(of - world.rng.randint(0, 300) * 1_000_000 + world.plan.skew)

    def order_views(self, of: Instant) -> list[m.OrderView]:
        """Our resting orders as of then."""
        if of >= self.world.now:
            found = self.world.exchange.order_views(US)
        else:
            then = [_then(changes, of) for changes in self.orders.values()]
            found = [one for one in then if one is not None and one.status == "resting"]
        return [self._stamped(one) for one in found]

    def look_up(self, client_order_id: str, of: Instant) -> m.OrderView | None:
        """One of our orders as of then."""
        order = self.world.exchange.by_client_id.get((US, client_order_id))
        if order is None:
            return None
        found = view(order) if of >= self.world.now else _then(self.orders.get(order.order_id, []), of)
        return None if found is None else self._stamped(found)

    def positions_of(self, of: Instant) -> tuple[list[m.PositionView], Money]:
        """What we held then, and our balance."""
        if of >= self.world.now:
            return self.world.exchange.positions(US), self.world.exchange.balance(US)
        then = [_then(changes, of) for changes in self.positions.values()]
        return [one for one in then if one is not None], _then(self.balances, of) or Money(0)

    def fills(self, since: Instant, of: Instant) -> list[m.Fill]:
        """Our fills at or after `since` that were listed by then."""
        until = of + self.world.plan.skew
        return [fill for fill in self.world.exchange.fills(US, since) if fill.filled_at <= until]

    def _stamped(self, one: m.OrderView) -> m.OrderView:
        return one if self._says() else msgspec.structs.replace(one, updated_at=None)

    def _says(self) -> bool:
        """Does the exchange say of when things are? At last, when nothing fails any more."""
        return self.world.plan.stamped or self.world.calm


def _then[T](changes: list[tuple[Instant, T]], of: Instant) -> T | None:
    """The last of these that had happened by then."""
    for at, what in reversed(changes):
        if at <= of:
            return what
    return None
