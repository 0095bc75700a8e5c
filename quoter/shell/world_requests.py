"""Requests of a seeded world's engine to the exchange, its questions, and the answers. All of it faulty.

They leave through the gate that the live performer keeps, and are answered as `core/exchange/rest.py` answers: a change
whose answer does not say how the order stands is looked up, and what is read may be of a while ago.
"""

import random
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from core import messages as m
from core.exchange import shown
from core.exchange.ratelimit import Bucket
from core.risk.limits import Approved
from core.units import SECOND, Count, Instant
from quoter.engine import actions as a
from quoter.engine import budget as cost
from quoter.shell.broken import broken
from quoter.shell.gate import Ticket
from quoter.shell.world_crowd import US
from quoter.shell.world_plan import START

if TYPE_CHECKING:
    from quoter.shell.world import World

_MS: Final = 1_000_000
_TIMEOUT: Final = 4 * SECOND  # the client gives up on a request after this long
_TOKENS: Final = {m.CancelOrder: cost.CANCEL, m.CancelAllOrders: cost.CANCEL_ALL, m.DecreaseOrder: cost.CANCEL}


class RequestWire:
    """Requests to the exchange, and questions, through the gate of the process; answers come back to the process that
    asked, or to nobody."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.storm_until = self.slow_until = Instant(0)
        self.in_flight: dict[Ticket, tuple[int, m.Request]] = {}  # what waits or was sent -> (run, request)
        self.ghosts = 0  # what requests of dead processes could lose at most, in all
        self.gate = world.gate()
        self.of_status = random.Random(f"status {world.seed}")
        self.asked = Bucket(100.0, 100.001, 100.001, 0.0)  # by what the engine asks for, when it does
        self.tokens = Bucket(100.0, 100.001, 100.001, 0.0)  # by what arrives: what waited may come in a rush

    # --- the gate ----------------------------------------------------------------------------------------------------

    def enter(self, action: a.Action) -> None:
        """A request or question comes to the gate."""
        world, ticket = self.world, Ticket(action, self.world.now)
        if isinstance(action, Approved):
            request, now = action.request, (world.now - START) / SECOND
            if world.now >= self.storm_until and not self.asked.take(_cost(request), now):
                raise broken(world, f"{request} was asked for without tokens: the exchange would have to refuse it")
            self.in_flight[ticket] = world.runs, request
        self._go(world.runs, self.gate.enter(ticket, world.now))

    def _go(self, run: int, turns: list[Ticket]) -> None:
        for ticket in turns:
            action = ticket.action
            if isinstance(action, Approved):
                if ticket.late:
                    self._too_late(run, ticket, action.request)
                else:
                    self._send(run, ticket, action.request)
            else:
                self._ask(run, ticket, action)

    def _too_late(self, run: int, ticket: Ticket, request: m.Request) -> None:
        del self.in_flight[ticket]
        name, cid = type(request).__name__, getattr(request, "client_order_id", "")
        not_sent = m.NotSent(self.world.now, cid, getattr(request, "ticker", ""), name, False, "it waited")
        self.world.at(0, lambda: self.world.if_run(run, not_sent))

    def _done(self, run: int, ticket: Ticket, said: list[m.Said], delay: int) -> None:
        """An answer (or that there is none) on its way back; then another one has its turn."""

        def back() -> None:
            if run == self.world.runs:
                self._go(run, self.gate.leave(ticket, self.world.now))
                for one in said:
                    self.world.if_run(run, one)

        self.world.at(delay, back)

    def _slowness(self) -> tuple[int, int]:
        """How much longer it takes the exchange now, before it acts and after."""
        world = self.world
        if world.now >= self.slow_until:
            return 0, 0
        all_of_it = world.rng.randint(1_000, 3_600) * _MS
        before = world.rng.choice((0, all_of_it // 2, all_of_it))
        return before, all_of_it - before

    # --- requests ----------------------------------------------------------------------------------------------------

    def _send(self, run: int, ticket: Ticket, request: m.Request) -> None:
        """A request on its way: it may arrive, late or never; its answer too."""
        world, sent = self.world, self.world.now
        name, cid = type(request).__name__, getattr(request, "client_order_id", "")
        ticker, f = getattr(request, "ticker", ""), world.faults
        world.audit.leaves(request, Instant(ticket.since))
        throttled = sent < self.storm_until or not self.tokens.take(_cost(request), (sent - START) / SECOND)
        if throttled or world.happens(f.refused):
            del self.in_flight[ticket]
            throttled = throttled or world.rng.random() < 0.3
            self._done(run, ticket, [m.NotSent(sent, cid, ticker, name, throttled)], world.wire())
            return
        lost, fails = world.happens(f.ack_lost), world.happens(f.accepted_then_5xx)
        before, after = self._slowness()
        delay = world.wire() + before + (world.rng.randint(1, 12) * SECOND if world.happens(f.late) else 0)
        arrives = not world.happens(f.never_arrives)
        silent = lost or not arrives or delay + after >= _TIMEOUT

        def land() -> None:
            self.in_flight.pop(ticket)
            world.audit.touched(ticker)
            if not arrives:
                return
            world.advance()
            order = world.exchange.resting[US].get(getattr(request, "order_id", ""))
            left = order.remaining if order is not None else None
            said = world.exchange.handle(US, request, world.exchange_now)
            world.tell()
            if silent:
                return
            if fails:
                self._done(run, ticket, [m.Unknown(world.now, cid, ticker, name, "500")], world.wire() + after)
            elif isinstance(request, (m.AmendOrder, m.DecreaseOrder)) and _must_be_looked_up(request, said):
                less = said.remaining if isinstance(said, m.Acked) else Count(0)
                self._how_it_stands(run, ticket, request, less, 0, after)
            else:
                self._done(run, ticket, [_over_rest(said, left)], world.wire() + after)

        world.at(delay, land)
        if silent:
            self._done(run, ticket, [m.Unknown(sent, cid, ticker, name, "timeout")], _TIMEOUT + SECOND)

    def _how_it_stands(
        self, run: int, ticket: Ticket, r: m.AmendOrder | m.DecreaseOrder, less: Count, tries: int, slow: int
    ) -> None:
        """After a change whose answer does not say how the order stands: it is looked up until that shows the change,
        as `core/exchange/rest.py` does."""
        world = self.world

        def land() -> None:
            world.advance()
            world.tell()
            if world.happens(world.faults.broken_page):
                self._done(run, ticket, [self._unknown(r, "accepted; then 500")], world.wire())
                return
            view = world.replica.look_up(r.client_order_id, world.replica.of())
            if view is None:
                gone = m.CancelNotFound(world.now, r.client_order_id, r.ticker, r.order_id)
                self._done(run, ticket, [gone], world.wire())
            elif view.status != "resting" or shown.shows(view, r, less):
                self._done(run, ticket, [shown.stands(view, world.now, type(r).__name__)], world.wire())
            elif tries + 1 < len(shown.LAGS_S):
                self._how_it_stands(run, ticket, r, less, tries + 1, 0)
            else:
                self._done(run, ticket, [self._unknown(r, "accepted; not shown yet")], world.wire())

        pause = int(shown.LAGS_S[tries] * SECOND)
        world.at(slow + 2 * world.wire() + pause, land)

    def _unknown(self, r: m.AmendOrder | m.DecreaseOrder, words: str) -> m.Unknown:
        return m.Unknown(self.world.now, r.client_order_id, r.ticker, type(r).__name__, words)

    # --- questions ---------------------------------------------------------------------------------------------------

    def _ask(self, run: int, ticket: Ticket, question: a.Action) -> None:
        """A read of the exchange, perhaps of a while ago; a list of orders may be read in two pages with changes
        between them."""
        world, asked = self.world, self.world.now
        if isinstance(question, a.AskStatus):
            self._ask_status(run, ticket)
            return
        before, after = self._slowness()

        def land() -> None:
            world.advance()
            world.tell()
            replica = world.replica
            if world.happens(world.faults.broken_page) or world.now < self.storm_until:
                self._done(run, ticket, [], world.wire())  # a page without its end is no answer
                return
            of, said = replica.of(), list[m.Said]()
            since = world.since(asked, replica.as_of(of), world.config.clock_margin)
            match question:
                case a.AskOrders():
                    first = replica.order_views(of)
                    if world.happens(world.faults.torn_page) and len(first) > 1:
                        kept = first[: len(first) // 2]
                        world.at(world.wire(), lambda: self._second_page(run, ticket, since, of, kept))
                        return
                    said.append(m.OrdersReported(world.now, since, first))
                case a.AskPositions():
                    held, balance = replica.positions_of(of)
                    said.append(m.PositionsReported(world.now, since, held, balance))
                case a.AskFills(since=least):
                    for fill in replica.fills(least, of):
                        nameless = msgspec.structs.replace(fill, client_order_id="")
                        world.at(world.wire(), partial(world.if_run, run, nameless))
                case a.LookUp():
                    found = replica.look_up(question.client_order_id, of)
                    said.append(m.OrderLookedUp(world.now, since, question.client_order_id, found))
                case _:
                    raise broken(world, f"the world cannot answer {question}")
            self._done(run, ticket, said, world.wire() + after)

        world.at(world.wire() + before, land)

    def _ask_status(self, run: int, ticket: Ticket) -> None:
        """Does the exchange trade? By dice of its own: the others fall as they did before it was asked."""
        world, asked, dice = self.world, self.world.now, self.of_status

        def land() -> None:
            lost = not world.calm and dice.random() < 0.1
            said = [] if lost else [m.TradingStatus(world.now, asked, not world.exchange.paused)]
            self._done(run, ticket, list[m.Said](said), dice.randint(2, 80) * _MS)

        world.at(dice.randint(2, 80) * _MS, land)

    def _second_page(
        self, run: int, ticket: Ticket, since: Instant, of: Instant, first: list[m.OrderView]
    ) -> None:  # fmt: skip
        world = self.world
        world.advance()
        world.tell()
        have = {view.order_id for view in first}
        then = Instant(max(of, world.replica.of()))
        rest = [view for view in world.replica.order_views(then) if view.order_id not in have]
        self._done(run, ticket, [m.OrdersReported(world.now, since, first + rest)], world.wire())

    # --- the end of a process ----------------------------------------------------------------------------------------

    def orphan(self) -> None:
        """The process dies: what it had on its way arrives all the same, and nobody knows of it; what waited does
        not."""
        for ticket in [one for one in self.in_flight if not one.goes]:
            del self.in_flight[ticket]
        self.gate = self.world.gate()
        for _, request in self.in_flight.values():
            if isinstance(request, m.PlaceOrder):
                self.ghosts += max(request.price, 10_000 - request.price) * request.count
            elif isinstance(request, m.AmendOrder):
                self.ghosts += max(request.price, 10_000 - request.price) * request.total


def _cost(request: m.Request) -> float:
    return _TOKENS.get(type(request), cost.CREATE)


def _must_be_looked_up(request: m.AmendOrder | m.DecreaseOrder, said: m.Said) -> bool:
    """Answers over REST that do not say how the order stands: to a decrease, and to an amend that left nothing."""
    return isinstance(said, m.Acked) if isinstance(request, m.DecreaseOrder) else isinstance(said, m.Gone)


def _over_rest(said: m.Said, left: Count | None) -> m.Said:
    """What REST says of it: the answer to a cancel knows only by how much the order was reduced."""
    if isinstance(said, m.Gone) and said.reason == "Cancel" and left is not None:
        return msgspec.structs.replace(said, filled=None, reduced_by=left)
    return said
