"""Kalshi's WebSocket: connects, signs, keeps the conversation of `session.py` going, reconnects. Decides nothing.

Every message goes to `put`. A connection is Connected once the channels of our own orders are confirmed: a fill before
that is told by nobody. Its last message is Disconnected.
"""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable

import msgspec
import websockets

from core import messages as m
from core.clock import Clock
from core.exchange.credentials import Credentials
from core.exchange.session import Session
from core.exchange.signature import headers
from core.exchange.subscriptions import Command
from core.units import Instant

_PATH = "/trade-api/ws/v2"
_LARGEST = 64 * 2**20
_HEARTBEAT_S = 10.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_log = logging.getLogger("kwm.stream")
Tap = Callable[[str, Instant, bytes], None]  # ("<" heard, ">" sent, "C" connected, "D" disconnected; when; bytes)


class Stream:
    """See the module."""

    def __init__(
        self, url: str, credentials: Credentials, clock: Clock, *, use_yes_price: bool, tap: Tap | None = None,
        subaccount: int = 0,
    ) -> None:  # fmt: skip
        self.url, self.clock, self.use_yes_price, self.tap = url, clock, use_yes_price, tap
        self.subaccount = subaccount
        self.key_id, self.key = credentials.key_id, credentials.key()
        self.tickers: set[str] = set()
        self.session: Session | None = None
        self._wake = asyncio.Event()
        self._resync: set[str] = set()

    def watch(self, tickers: set[str]) -> None:
        """The markets whose books and trades are wanted, from now on."""
        self.tickers = set(tickers)
        self._wake.set()

    def resync(self, tickers: set[str]) -> None:
        """Ask for new snapshots of these."""
        self._resync |= tickers
        self._wake.set()

    def headers(self) -> dict[str, str]:
        """A fresh signature."""
        return headers(self.key_id, self.key, "GET", _PATH)

    async def run(self, put: Callable[[m.Said], None]) -> None:
        """Until cancelled: connect, listen, reconnect with a growing, jittered pause and a fresh signature."""
        pause = _FIRST_PAUSE_S
        while True:
            began = time.monotonic()
            words = "closed"
            try:
                async with websockets.connect(
                    self.url, additional_headers=self.headers(), max_size=_LARGEST, open_timeout=10, close_timeout=1,
                    ping_interval=None, compression=None, proxy=None,
                ) as socket:  # fmt: skip
                    words = await self._converse(socket, put) or words
            except (OSError, TimeoutError, websockets.WebSocketException) as error:
                words = f"{type(error).__name__}: {error}"
            now = self.clock.now()
            self._tapped("D", now, words)
            put(m.Disconnected(now, words))
            _log.warning("disconnected: %s", words)
            self.session = None
            pause = _FIRST_PAUSE_S if time.monotonic() - began > 60 else min(pause * 2, _LONGEST_PAUSE_S)
            await asyncio.sleep(pause * (0.5 + random.random()))

    async def _converse(self, socket: websockets.ClientConnection, put: Callable[[m.Said], None]) -> str:
        """Until the socket is closed, or the session is over: why."""
        session = self.session = Session(self.use_yes_price, self.clock.speed, self.subaccount)
        now = self.clock.now()
        self._tapped("C", now, "")
        await self._send(socket, session.opened(now))
        self._wake.set()
        talk = asyncio.create_task(self._talk(socket, session, put))
        try:
            with contextlib.suppress(websockets.ConnectionClosedOK):
                while not session.over:
                    raw = await socket.recv(decode=False)  # as bytes: what we decode, and what a tape keeps
                    now = self.clock.now()
                    if self.tap is not None:
                        self.tap("<", now, raw)
                    messages, commands = session.receive(raw, now)
                    for message in messages:
                        put(message)
                        if isinstance(message, m.Connected):
                            self._wake.set()
                    if commands:
                        await self._send(socket, commands)
        finally:
            talk.cancel()
            with contextlib.suppress(asyncio.CancelledError, websockets.WebSocketException, TimeoutError):
                await talk
        return session.over

    async def _talk(self, socket: websockets.ClientConnection, session: Session, put: Callable[[m.Said], None]) -> None:
        """What we say without being asked: new markets, resyncs, heartbeats."""
        next_ping = time.monotonic() + _HEARTBEAT_S
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 1.0)
            self._wake.clear()
            now = self.clock.now()
            if not session.opening and self.tickers != session.watched:
                await self._send(socket, session.watch(self.tickers, now))
            if self._resync:
                wanted, self._resync = self._resync, set()
                await self._send(socket, session.resync(wanted, now))
            messages, commands = session.overdue(now)
            for message in messages:
                put(message)
            await self._send(socket, commands)
            while session.troubles:
                _log.warning("%s", session.troubles.popleft())
            if time.monotonic() >= next_ping:
                next_ping = time.monotonic() + _HEARTBEAT_S
                pong = await socket.ping()
                try:
                    await asyncio.wait_for(pong, _HEARTBEAT_S)
                except TimeoutError:
                    await socket.close()  # alive at one end only: start anew
                    return
                put(m.Heartbeat(self.clock.now()))

    def _tapped(self, kind: str, now: Instant, words: str) -> None:
        if self.tap is not None:
            self.tap(kind, now, words.encode())

    async def _send(self, socket: websockets.ClientConnection, commands: list[Command]) -> None:
        for command in commands:
            text = msgspec.json.encode(command).decode()
            self._tapped(">", self.clock.now(), text)
            await socket.send(text)
