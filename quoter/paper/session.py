"""One paper session in its own process: the live shell over a paper exchange, its account and its points on disk."""

import asyncio
import os
from pathlib import Path

import msgspec

from core import messages as m
from core.clock import Clock, Steady
from core.config import PAPER, Settings, named_folder, place
from core.errors import SettingsError
from core.exchange.catalog import Catalog
from core.exchange.credentials import paper_key
from core.exchange.reach import Reach, kalshi
from core.units import Count, Money
from quoter.backtest.job import FillModel
from quoter.paper import results
from quoter.paper.desk import PaperDesk, PaperFeed
from quoter.paper.exchange import Account, PaperExchange, Terms
from quoter.shell.live import Live

_POINT_S = 60.0
_RESULTS_S = 60.0


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
    return (named_folder(settings) / PAPER).resolve()


def page_port(settings: Settings) -> int:
    """Where its page is: its own, or the quoter's where it stands in the quoter's place."""
    return settings.dashboard.port if settings.paper.only else settings.paper.port


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
        self.desk = desk = PaperDesk(self.exchange, clock.now, paper.entry_ms / 1e3, paper.response_ms / 1e3,
                                     self.reach.desk.status)  # fmt: skip
        reach = Reach(self.reach.sdk, desk, PaperFeed(self.reach.feed, desk))
        self.live = Live(settings, clock, reach, self.folder, wall, place(settings, on_paper=True))
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
        beside = [asyncio.create_task(x) for x in (self._keep(), self._hear_results())]
        try:
            return await self.live.run_until_stopped()
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            self.save()
            self._point()
            await self.reach.sdk.close()

    async def _hear_results(self) -> None:
        """Once a minute, what those held have paid whose close is past: a result is said once, to who listens then."""
        told = ""
        while True:
            now, markets = self.clock.now(), self.live.state.markets
            over = [t for t, count in self.exchange.account.positions.items()
                    if count and (t not in markets or markets[t].close_at <= now)]  # fmt: skip
            heard, trouble = await results.ask(self.reach.sdk, over, now)
            for said in heard:
                self.desk.say(self.exchange.learn(said))
            if trouble and trouble != told:
                self.live.note("results", f"what closed markets paid cannot be read: {trouble}")
            told = trouble
            await asyncio.sleep(_RESULTS_S)

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
