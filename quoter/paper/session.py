"""One paper session in its own process: the live shell over a paper exchange, its account and its points on disk."""

import asyncio
import contextlib
import os
from pathlib import Path

import msgspec

from core import messages as m
from core.clock import Clock, Steady
from core.config import Settings
from core.errors import SettingsError
from core.exchange.catalog import Catalog
from core.exchange.credentials import Credentials, credentials
from core.exchange.reach import Reach, kalshi
from core.units import Count, Money
from quoter.backtest.job import FillModel
from quoter.paper.desk import PaperDesk, PaperFeed
from quoter.paper.exchange import Account, PaperExchange, Terms
from quoter.shell.live import Live

FOLDER = "paper"
_POINT_S = 60.0


class SavedAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`account.json`; money in millionths of a dollar, counts in hundredths of a contract."""

    opening: Money
    cash: Money
    positions: dict[str, Count]
    fills: int
    began_at: int


class Point(msgspec.Struct, frozen=True):
    """A line of `points.jsonl`: the session at an instant (ns)."""

    at: int
    pnl: Money
    worst: Money
    orders: int
    fills: int
    quoting: int


def folder_of(settings: Settings) -> Path:
    """Where a paper session keeps its own journal, heartbeat and account."""
    return settings.storage.data.resolve() / FOLDER


def paper_key(settings: Settings) -> Credentials:
    """A key that may read. Raises: SettingsError naming the setting; never the trading key."""
    if settings.exchange.environment == "embedded":
        return credentials(settings)
    paper = settings.paper
    if not paper.key_id or not paper.key_file:
        raise SettingsError("[paper] key_id and key_file are needed: a key with the scope `read` and nothing else")
    if paper.key_id == settings.exchange.key_id:
        raise SettingsError("[paper] key_id is the trading key; make another one with the scope `read` alone")
    path = Path(paper.key_file).expanduser()
    try:
        return Credentials(paper.key_id, path.read_text())
    except OSError as error:
        raise SettingsError(f"[paper] key_file: {path} cannot be read ({error.strerror})") from error


async def check_key(settings: Settings, reach: Reach) -> None:
    """A paper process holds no key that could trade. Raises: SettingsError; those of core/errors.py."""
    if settings.exchange.environment == "embedded":
        return
    if words := may_trade(await Catalog(reach.sdk).scopes(settings.paper.key_id)):
        raise SettingsError(f"[paper] key_id {words}; paper takes only a key with the scope `read`")


def may_trade(scopes: list[str] | None) -> str:
    """Why a key of these scopes is none for paper, "" where it is one. Of one that is not listed nobody knows. Pure."""
    if scopes is None:
        return "is not among the account's keys, so nobody knows what it may do"
    able = [scope for scope in scopes if scope.startswith("write")]
    return f"may {', '.join(able)}" if able else ""


class Session:
    """See the module."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        wall = Steady()
        self.settings, self.clock, self.folder = settings, (clock := clock.by(wall)), folder_of(settings)
        (self.folder / "live").mkdir(parents=True, exist_ok=True)
        self.reach = kalshi(settings, clock, paper_key(settings))
        paper = settings.paper
        self.saved = read_account(self.folder) or SavedAccount(paper.balance, Money(0), {}, 0, clock.now())
        account = Account(self.saved.opening, self.saved.cash, dict(self.saved.positions), self.saved.fills)
        self.exchange = PaperExchange(account, self.terms, FillModel(paper.fills), settings.engine.group_window_limit,
                                      paper.fade_per_hour)  # fmt: skip
        desk = PaperDesk(self.exchange, clock.now, paper.entry_ms / 1e3, paper.response_ms / 1e3,
                         self.reach.desk.status)  # fmt: skip
        reach = Reach(self.reach.sdk, desk, PaperFeed(self.reach.feed, desk))
        self.live = Live(settings, clock, reach, self.folder, wall)
        self.written = self.saved.fills

    def terms(self, ticker: str) -> Terms | None:
        """What the engine knows of a market."""
        market = self.live.state.markets.get(ticker)
        if market is None or market.fair is None:
            return None
        return Terms(market.grid, market.close_at, market.fair.maker_fee)

    async def run(self) -> int:
        """Until stopped; 0 when cleanly."""
        await check_key(self.settings, self.reach)
        keeping = asyncio.create_task(self._keep())
        try:
            return await self.live.run_until_stopped()
        finally:
            keeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeping
            self.save()
            self._point()
            await self.reach.sdk.close()

    async def _keep(self) -> None:
        """The account after every fill, a point a minute."""
        elapsed = 0.0
        while True:
            self.save()
            if elapsed % _POINT_S == 0.0:
                self._point()
            await asyncio.sleep(1.0)
            elapsed += 1.0

    def save(self) -> None:
        """Account and new fills to disk, when there are any."""
        account = self.exchange.account
        new = account.fills - self.written
        if new:
            fills: list[m.Fill] = list(self.exchange.history)[-new:]
            _append(self.folder / "fills.jsonl", fills)
            self.written = account.fills
        now = SavedAccount(account.opening, account.cash, {t: c for t, c in account.positions.items() if c},
                           account.fills, self.saved.began_at)  # fmt: skip
        if now != self.saved or not (self.folder / "account.json").exists():
            self.saved = now
            temporary = self.folder / "account.tmp"
            temporary.write_bytes(msgspec.json.encode(now))
            os.replace(temporary, self.folder / "account.json")  # noqa: PTH105 - the atomic rename is the point

    def _point(self) -> None:
        state = self.live.state
        quoting = sum(bool(market.desired) for market in state.markets.values())
        point = Point(self.clock.now(), state.pnl_today(), state.total_loss, state.working(),
                      self.exchange.account.fills, quoting)  # fmt: skip
        _append(self.folder / "points.jsonl", [point])


def read_account(folder: Path) -> SavedAccount | None:
    """The account as last saved; None before the first. Raises: SettingsError for a damaged file."""
    path = folder / "account.json"
    try:
        return msgspec.json.decode(path.read_bytes(), type=SavedAccount)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{path}: {error}; `kwm paper reset` puts it aside and begins anew") from error


def read_lines[T](path: Path, kind: type[T]) -> list[T]:
    """Whole lines of a file of JSON lines; a last one without its end is left out."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    decoder = msgspec.json.Decoder(kind)
    return [decoder.decode(line) for line in raw[: raw.rfind(b"\n") + 1].splitlines()]


def _append(path: Path, rows: list[m.Fill] | list[Point]) -> None:
    encoder = msgspec.json.Encoder()
    with path.open("ab") as file:
        for row in rows:
            file.write(encoder.encode(row) + b"\n")
