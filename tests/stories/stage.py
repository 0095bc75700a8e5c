"""An engine on a stage: one event of three brackets, told what happens line by line; no exchange, no clock."""

from dataclasses import dataclass, field
from typing import Any

from core import config as settings
from core import messages as m
from core.contract import LINEAR_CENT, PriceGrid
from core.publication import EventFair, MarketFair, Publication, PublishedLimits, Window
from core.risk.limits import Approved
from core.units import DAY, SECOND, Count, Instant, Money, Price, instant, money
from quoter.engine import budget as cost
from quoter.engine import events as e
from quoter.engine.actions import Action
from quoter.engine.config import EngineConfig, engine_config
from quoter.engine.market import MarketState
from quoter.engine.state import State, new_state
from quoter.engine.step import step

START = instant("2026-11-24T15:00:00Z")
CLOSE = Instant(START + 2 * DAY)
EVENT = "KXHIGHNY-26NOV25"
COLD, MILD, WARM = (f"{EVENT}-{suffix}" for suffix in ("T46", "B46.5", "T47"))
BOUNDS: dict[str, tuple[int | None, int | None]] = {COLD: (None, 45), MILD: (46, 47), WARM: (48, None)}
FAIRS = {COLD: 0.25, MILD: 0.45, WARM: 0.30}


def make_config(**changes: Any) -> EngineConfig:
    """The settings of the embedded world, with changes."""
    import dataclasses

    usual = engine_config(settings.load())
    made = dataclasses.replace(usual, token_burst=usual.token_burst + cost.GROUP)  # the one event's group
    return dataclasses.replace(made, **changes)


@dataclass
class Stage:
    """Says events to an engine and keeps what it did."""

    config: EngineConfig = field(default_factory=make_config)
    now: Instant = START
    actions: list[Action] = field(default_factory=list)
    fills: int = 0
    makes_groups: bool = True
    state: State = field(init=False)

    def __post_init__(self) -> None:
        self.state = new_state(self.config, "r1", self.now)

    def say(self, event: Any) -> list[Action]:
        """One event; what the engine did about it."""
        done = step(self.state, event)
        self.state.rows.clear()
        self.actions += done
        for request in self.requests(m.CreateGroup, done):
            if self.makes_groups:
                done = done + self.say(m.GroupCreated(self.now, request.name, f"og-{request.name}", request.limit))
        return done

    def wait(self, seconds: float) -> list[Action]:
        """Let time pass in ticks of a second, with the feed alive; everything that was done."""
        done: list[Action] = []
        for _ in range(int(seconds)):
            self.now = Instant(self.now + SECOND)
            done += self.say(e.Timer(self.now))
        return done

    def wait_ms(self, ms: int) -> list[Action]:
        """Let a moment pass and be woken at its end, as by a deadline that has come."""
        self.now = Instant(self.now + ms * SECOND // 1000)
        return self.say(e.Timer(self.now))

    def begin(self, pnl: str = "0.00", halted: str = "", positions: dict[str, int] | None = None) -> "Stage":
        """Started, connected, reconciled, with books; not yet published."""
        self.say(e.Started(self.now, "r1", "2026-11-24", money(pnl), halted))
        self.say(m.Connected(self.now))
        self.reconcile(positions)
        self.now = Instant(self.now + SECOND)
        for ticker, fair in FAIRS.items():
            self.book(ticker, round(fair * 100) - 6, round(fair * 100) + 6)
        return self

    def reconcile(self, positions: dict[str, int] | None = None) -> list[Action]:
        """Orders as the engine knows them, and positions, as REST would say."""
        views = [m.PositionView(t, Count(n * 100), Money(0), Money(0), Money(0)) for t, n in (positions or {}).items()]
        done = self.say(m.OrdersReported(self.now, self.now, []))
        return done + self.say(m.PositionsReported(self.now, self.now, views, money("10000.00")))

    def book(self, ticker: str, bid: int, ask: int, size: int = 100) -> list[Action]:
        """Somebody else's book, in cents and contracts."""
        return self.say(
            m.BookSnapshot(
                self.now, ticker, [(Price(bid * 100), Count(size * 100))], [(Price(ask * 100), Count(size * 100))]
            )
        )

    def publish(
        self, fairs: dict[str, float] | None = None, valid_s: float = 240, max_loss: str = "60.00",
        windows: list[Window] | None = None, close: Instant = CLOSE, grid: PriceGrid = LINEAR_CENT,
        bounds: dict[str, tuple[int | None, int | None]] = BOUNDS, weight: float = 1.0,
    ) -> list[Action]:  # fmt: skip
        """A publication about the one event."""
        self.now = Instant(self.now + SECOND)
        until = Instant(self.now + int(valid_s * SECOND))
        markets = [
            MarketFair(t, *bounds[t], fair, 0.004, 0.0, fair, None, list(grid.ranges), close, 70_000, 0)
            for t, fair in (fairs or FAIRS).items()
        ]
        event = EventFair(
            EVENT, "KNYC", "New York", "high", "2026-11-25", START, close, 46.0, 2.5, None, weight, [], {}, until, [],
            windows or [], money(max_loss), markets,
        )  # fmt: skip
        limits = PublishedLimits(money("1500.00"), money("150.00"), money("200.00"))
        name = f"{self.now:020d}"
        return self.say(e.Published(self.now, Publication(name, name, "test", self.now, until, [event], {}, limits)))

    def market(self, ticker: str = MILD) -> MarketState:
        """One market of the engine's state."""
        return self.state.markets[ticker]

    def requests(self, kind: type, actions: list[Action] | None = None) -> list[Any]:
        """The approved requests of one kind, of some or of all actions so far."""
        return [
            a.request for a in (self.actions if actions is None else actions)
            if isinstance(a, Approved) and isinstance(a.request, kind)
        ]  # fmt: skip

    def placed(self, ticker: str, side: m.Side) -> m.PlaceOrder:
        """The first order asked for on that side of that market."""
        every: list[m.PlaceOrder] = self.requests(m.PlaceOrder)
        return next(r for r in every if r.ticker == ticker and r.side is side)

    def ack(self, request: m.PlaceOrder) -> list[Action]:
        """The exchange has taken the order."""
        return self.say(
            m.Acked(self.now, request.client_order_id, f"x-{request.client_order_id}", request.ticker, request.side,
                    request.price, Count(0), request.count, request.expires_at)
        )  # fmt: skip

    def ack_all(self) -> list[m.PlaceOrder]:
        """Every place asked for so far and not yet answered."""
        found = []
        for request in self.requests(m.PlaceOrder):
            order = self.market(request.ticker).orders.get(request.client_order_id)
            if order is not None and not order.order_id:
                self.ack(request)
                found.append(request)
        return found

    def ack_amends(self, actions: list[Action]) -> None:
        """The exchange takes new terms as they were asked."""
        for r in self.requests(m.AmendOrder, actions):
            self.say(
                m.Acked(self.now, r.client_order_id, r.order_id, r.ticker, r.side, r.price, Count(0), r.total,
                        r.expires_at)
            )  # fmt: skip

    def fill(self, request: m.PlaceOrder, contracts: int | None = None, trade: str = "") -> list[Action]:
        """Somebody trades with our order."""
        self.fills += 1
        count = request.count if contracts is None else Count(contracts * 100)
        return self.say(
            m.Fill(self.now, trade or f"t{self.fills}", f"x-{request.client_order_id}", request.ticker, request.side,
                   request.price, count, Money(0), False, self.now, request.client_order_id)
        )  # fmt: skip
