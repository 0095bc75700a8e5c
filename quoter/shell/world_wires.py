"""The wires of a seeded world: the stream with its sequence numbers, and requests with their answers. Both are faulty.

The stream numbers what it says per event, as the exchange numbers a subscription; a jump in the numbers makes that
event's books suspect and asks for snapshots, as `core/exchange/session.py` does with real frames.
"""

from typing import TYPE_CHECKING, Final

import msgspec

from core import messages as m
from core.exchange.ratelimit import Bucket
from core.units import SECOND, Count, Instant
from quoter.engine import actions as a
from quoter.engine import budget as cost
from quoter.shell.broken import broken
from quoter.shell.world_crowd import US
from quoter.shell.world_plan import START

if TYPE_CHECKING:
    from quoter.shell.world import World

_MS: Final = 1_000_000
_TIMEOUT: Final = 4 * SECOND  # the client gives up on a request after this long
_PRIVATE: Final = frozenset((m.Fill, m.Acked, m.Gone, m.GroupChanged))
_TOKENS: Final = {m.CancelOrder: cost.CANCEL, m.CancelAllOrders: cost.CANCEL_ALL, m.DecreaseOrder: cost.CANCEL}


class StreamWire:
    """One process's connection to the exchange's stream."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.up = False
        self.number = 0  # of the connection: what an older one carried reaches nobody
        self.watched: set[str] = set()
        self.sent: dict[str, int] = {}  # per event: the last number given
        self.heard: dict[str, int] = {}  # per event: the last number that came
        self.silent_until = self.slow_until = self.last_arrival = Instant(0)
        self.heard_at = Instant(0)  # truly: when anything last came
        self.unreadable: dict[str, Instant] = {}  # market -> until when its messages make no sense

    def connect(self) -> None:
        """The stream comes up."""
        if self.up:
            return
        world = self.world
        self.up, self.number = True, self.number + 1
        self.sent, self.heard, self.silent_until, self.heard_at = {}, {}, Instant(0), world.now
        world.deliver(m.Connected(world.now))
        for ticker in sorted(self.watched):
            self.snapshot(ticker)
        self.beat(self.number)

    def disconnect(self) -> None:
        """The stream breaks; what was on its way is lost."""
        if self.up:
            world = self.world
            self.up, self.number = False, self.number + 1
            world.deliver(m.Disconnected(world.now, "broken"))
            world.at(world.rng.randint(300, 6_000) * _MS, self.connect)

    def beat(self, number: int) -> None:
        """The exchange pings."""
        world = self.world
        if number == self.number and self.up:
            world.at(2 * SECOND, lambda: self.beat(number))
            if world.now >= self.silent_until:
                self.heard_at = world.now
                world.deliver(m.Heartbeat(world.now))

    def watch(self, tickers: set[str]) -> None:
        """The set of markets is now this one."""
        new, self.watched = tickers - self.watched, set(tickers)
        if self.up:
            for ticker in sorted(new):
                self.snapshot(ticker)

    def snapshot(self, ticker: str) -> None:
        """Ask for a whole book; asked again when it does not come."""
        world, number = self.world, self.number
        if world.happens(world.faults.lost_snapshot):
            world.at(5 * SECOND, lambda: self.snapshot(ticker) if number == self.number else None)
            return

        def give() -> None:
            if number == self.number and self.up:
                if world.now < self.silent_until:  # nobody will hear it: the session asks again
                    world.at(5 * SECOND, lambda: self.snapshot(ticker) if number == self.number else None)
                world.advance()
                self.carry(world.exchange.snapshot(ticker))

        world.at(world.wire(), give)

    def carry(self, said: m.Said) -> None:
        """One message: public ones numbered and in order, private ones perhaps not, fills perhaps twice."""
        if not self.up:
            return
        world, number = self.world, self.number
        if type(said) in _PRIVATE:
            if world.now < self.silent_until:
                return
            delay = 10 * _MS + (world.rng.randint(0, 1_500) * _MS if world.happens(world.faults.reorder) else 0)
            world.at(delay, lambda: self.arrive(number, said))
            if type(said) is m.Fill and world.happens(world.faults.duplicate_fill):
                world.at(delay + world.rng.randint(0, 3_000) * _MS, lambda: self.arrive(number, said))
            return
        ticker: str = getattr(said, "ticker", "")
        event = world.by_ticker[ticker].event_ticker
        count = self.sent[event] = self.sent.get(event, 0) + 1
        if world.now < self.silent_until or world.happens(world.faults.lost_message):
            return
        delay = 10 * _MS
        if world.now < self.slow_until:
            delay += world.rng.randint(500, 3_000) * _MS
        arrival = self.last_arrival = Instant(max(self.last_arrival, world.now + delay))
        world.at(arrival - world.now, lambda: self.arrive(number, said, event, count))

    def arrive(self, number: int, said: m.Said, event: str = "", count: int = 0) -> None:
        """A message at our end: is it of this connection, the next in its sequence, and can it be read?"""
        if number != self.number or not self.up:
            return
        world = self.world
        self.heard_at = world.now
        ticker: str = getattr(said, "ticker", "")
        if event:
            last, self.heard[event] = self.heard.get(event), count
            if last is not None and count != last + 1:
                self._jumped(event, f"{last} then {count}")
        if self.unreadable.get(ticker, 0) > world.now and event:
            world.deliver(m.Gap(world.now, "orderbook_delta", [ticker], "unreadable"))
            world.at(SECOND, lambda: self.snapshot(ticker) if number == self.number else None)
            return
        world.deliver(said)

    def _jumped(self, event: str, words: str) -> None:
        """Something was lost: that event's books are suspect until their snapshots come."""
        world = self.world
        suspects = sorted(t for t in self.watched if t.startswith(event + "-"))
        world.audit.missing.update(suspects)
        if world.checks_seq:
            world.deliver(m.Gap(world.now, "orderbook_delta", suspects, words))
            for suspect in suspects:
                self.snapshot(suspect)


class RequestWire:
    """Requests to the exchange, and questions; answers come back to the process that asked, or to nobody."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.storm_until = Instant(0)
        self.in_flight: dict[int, tuple[int, m.Request]] = {}  # number -> (run, request)
        self.ghosts = 0  # what requests of dead processes could lose at most, in all
        self.tokens = Bucket(100.0, 100.001, 100.001, 0.0)

    def send(self, request: m.Request) -> None:
        """A request on its way: it may arrive, late or never; its answer too."""
        world, run, asked = self.world, self.world.runs, self.world.now
        name, cid = type(request).__name__, getattr(request, "client_order_id", "")
        ticker, f = getattr(request, "ticker", ""), world.faults
        if asked < self.storm_until:
            self.answer(run, m.NotSent(asked, cid, ticker, name, True, "429"))
            return
        if not self.tokens.take(_TOKENS.get(type(request), cost.CREATE), (asked - START) / SECOND):
            raise broken(world, f"{request} was sent without tokens for it: the exchange would have to refuse it")
        if world.happens(f.refused):
            self.answer(run, m.NotSent(asked, cid, ticker, name, world.rng.random() < 0.3))
            return
        world.n += 1
        key = world.n
        self.in_flight[key] = (run, request)
        lost, fails = world.happens(f.ack_lost), world.happens(f.accepted_then_5xx)
        delay = world.wire() + (world.rng.randint(1, 12) * SECOND if world.happens(f.late) else 0)
        arrives = not world.happens(f.never_arrives)

        def land() -> None:
            self.in_flight.pop(key)
            world.audit.touched(ticker)
            if not arrives:
                return
            world.advance()
            order = world.exchange.resting[US].get(getattr(request, "order_id", ""))
            left = order.remaining if order is not None else None
            said = world.exchange.handle(US, request, world.exchange_now)
            world.tell()
            if fails:
                self.answer(run, m.Unknown(world.now, cid, ticker, name, "500"))
            elif not lost and world.now - asked < _TIMEOUT:
                self.answer(run, _over_rest(said, left))

        world.at(delay, land)
        if lost or not arrives or delay >= _TIMEOUT:
            timeout = m.Unknown(world.now, cid, ticker, name, "timeout")
            world.at(_TIMEOUT + SECOND, lambda: world.if_run(run, timeout))

    def answer(self, run: int, said: m.Said) -> None:
        """An answer on its way back to the process that asked."""
        self.world.at(self.world.wire(), lambda: self.world.if_run(run, said))

    def ask(self, question: a.Action) -> None:
        """A read of the exchange; a list of orders may be read in two pages with changes between them."""
        world, run, asked = self.world, self.world.runs, self.world.now

        def land() -> None:
            world.advance()
            exchange = world.exchange
            if world.happens(world.faults.broken_page) or world.now < self.storm_until:
                return  # a page without its end is no answer
            match question:
                case a.AskOrders():
                    first = exchange.order_views(US)
                    if world.happens(world.faults.torn_page) and len(first) > 1:
                        kept = first[: len(first) // 2]
                        world.at(world.wire(), lambda: self._second_page(run, asked, kept))
                    else:
                        self.answer(run, m.OrdersReported(world.now, asked, first))
                case a.AskPositions():
                    self.answer(run, m.PositionsReported(world.now, asked, exchange.positions(US),
                                                         exchange.balance(US)))  # fmt: skip
                case a.AskFills(since=since):
                    for fill in exchange.fills(US, since):
                        self.answer(run, msgspec.structs.replace(fill, client_order_id=""))
                case a.LookUp():
                    found = exchange.look_up(US, question.client_order_id)
                    self.answer(run, m.OrderLookedUp(world.now, asked, question.client_order_id, found))
                case _:
                    raise broken(world, f"the world cannot answer {question}")

        world.at(world.wire(), land)

    def _second_page(self, run: int, asked: Instant, first: list[m.OrderView]) -> None:
        world = self.world
        world.advance()
        have = {view.order_id for view in first}
        rest = [view for view in world.exchange.order_views(US) if view.order_id not in have]
        self.answer(run, m.OrdersReported(world.now, asked, first + rest))

    def orphan(self) -> None:
        """The process dies: what it had on its way arrives all the same, and nobody knows of it."""
        for _, request in self.in_flight.values():
            if isinstance(request, m.PlaceOrder):
                self.ghosts += max(request.price, 10_000 - request.price) * request.count
            elif isinstance(request, m.AmendOrder):
                self.ghosts += max(request.price, 10_000 - request.price) * request.total


def _over_rest(said: m.Said, left: Count | None) -> m.Said:
    """What REST says of it: the answer to a cancel knows only by how much the order was reduced."""
    if isinstance(said, m.Gone) and said.reason == "Cancel" and left is not None:
        return msgspec.structs.replace(said, filled=None, reduced_by=left)
    return said
