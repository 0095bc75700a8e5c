"""What all who look are sent: pieces of the view, serialised once a tick, and only those that changed.

A tick makes the pieces one event at a time and lets the quoter's loop go on between them: a page must never delay a
decision by more than one event's worth of work. Ids count the ticks of a run; who comes back with the last id it saw
gets what it missed, or everything when that is too long ago.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec

from quoter.dashboard import models as v

_ENCODE = msgspec.json.Encoder().encode
_KEPT = 240  # deltas a late comer may catch up with
_BEAT = 20  # ticks without news after which a comment proves that the line lives

Piece = tuple[str, Any]


class Broadcast:
    """`tick` takes the pieces; `follow` gives one client its stream."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.n = 0
        self.now: dict[str, bytes] = {}
        self.deltas: deque[tuple[int, bytes]] = deque(maxlen=_KEPT)
        self.watchers = 0
        self.news = asyncio.Event()
        self.turn = asyncio.Event()

    async def tick(self, pieces: Iterable[Piece], wait: float = 0.0) -> None:
        """Take one view; `wait` seconds between two pieces, 0 to let others run once."""
        changed: list[bytes] = []
        seen: set[str] = set()
        for name, value in pieces:
            seen.add(name)
            body = _ENCODE(value)
            if self.now.get(name) != body:
                self.now[name] = body
                changed.append(b'"%s":%s' % (name.encode(), body))
            await asyncio.sleep(wait)
        gone = sorted(set(self.now) - seen)
        for name in gone:
            del self.now[name]
        if changed or gone:
            self.n += 1
            body = b'{"set":{%s},"gone":%s}' % (b",".join(changed), _ENCODE(gone))
            self.deltas.append((self.n, self._message(b"delta", self.n, body)))
            self.news.set()
            self.news = asyncio.Event()
        self.turn.set()
        self.turn = asyncio.Event()

    def _message(self, kind: bytes, n: int, body: bytes) -> bytes:
        return b"id: %s.%d\nevent: %s\ndata: %s\n\n" % (self.run.encode(), n, kind, body)

    def snapshot(self) -> bytes:
        """Everything, as one message."""
        pieces = b",".join(b'"%s":%s' % (name.encode(), body) for name, body in self.now.items())
        return self._message(b"snapshot", self.n, b'{"set":{%s},"gone":[]}' % pieces)

    def since(self, n: int) -> list[bytes] | None:
        """The messages after `n`, or None when they are not all kept."""
        if n > self.n or (n < self.n and (not self.deltas or self.deltas[0][0] > n + 1)):
            return None
        return [body for _, body in itertools.islice(self.deltas, max(0, len(self.deltas) - (self.n - n)), None)]

    def place(self, last_event_id: str) -> int | None:
        """Where a client that comes back stopped reading, if it was this run's stream."""
        run, _, number = last_event_id.rpartition(".")
        return int(number) if run == self.run and number.isascii() and number.isdigit() and len(number) < 12 else None

    async def follow(self, last_event_id: str, stop: asyncio.Event) -> AsyncIterator[bytes]:
        """One client's stream until `stop`: what it missed or everything, then each tick's news."""
        self.watchers += 1
        try:
            yield b"retry: 1000\n\n"
            if self.watchers == 1:  # nobody looked until now, so what is kept is old
                await self.turn.wait()
            at = self.place(last_event_id)
            while not stop.is_set():
                missed = None if at is None else self.since(at)
                if missed is None:
                    at = self.n
                    yield self.snapshot()
                elif missed:
                    at = self.n
                    for body in missed:
                        yield body
                news = self.news
                try:
                    if at == self.n:
                        await asyncio.wait_for(news.wait(), _BEAT / 2)
                except TimeoutError:
                    yield b": alive\n\n"
        finally:
            self.watchers -= 1


def points(history: list[tuple[int, float, float]]) -> v.Curve:
    """The newest 720 points of the day's curve."""
    return v.Curve(points=history[-720:])
