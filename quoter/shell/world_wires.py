"""The stream of a seeded world, with its sequence numbers; faulty.

It numbers what it says per event, as the exchange numbers a subscription; a jump in the numbers makes that
event's books suspect and asks for snapshots, as `core/exchange/session.py` does with real frames.
"""

from typing import TYPE_CHECKING, Final

from core import messages as m
from core.units import SECOND, Instant

if TYPE_CHECKING:
    from quoter.shell.world import World

_MS: Final = 1_000_000
_PRIVATE: Final = frozenset((m.Fill, m.Acked, m.Gone, m.GroupChanged))


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
