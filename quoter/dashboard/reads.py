"""What may be asked: each method answers one read of the state. Long ones let the quoter's loop go on in between."""

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpx
from starlette.responses import Response, StreamingResponse

from core import live_settings
from core.errors import KwmError
from core.exchange.catalog import Catalog
from core.exchange.interest import Interest, incentives, open_markets
from core.publication import encode
from core.stations import STATIONS
from core.units import HOUR, Instant
from core.up import flow_runs
from core.up.plan import prefect_api, prefect_ui
from quoter.dashboard import models as v
from quoter.dashboard import view
from quoter.dashboard.asked import Ask, Refusal
from quoter.dashboard.broadcast import Broadcast, points
from quoter.dashboard.ladder import ladder
from quoter.dashboard.metrics import metrics
from quoter.dashboard.opportunities import best_first, measured, opportunities
from quoter.dashboard.record import Record
from quoter.engine.market import EventState, MarketState
from quoter.shell.live import Live

_FLOWS_FOR_S = 5.0
_PAUSE_EVERY = 4


async def unhurried[T, R](make: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """`make` of every item, letting others have the loop every few."""
    found = []
    for n, item in enumerate(items):
        found.append(make(item))
        if n % _PAUSE_EVERY == _PAUSE_EVERY - 1:
            await asyncio.sleep(0)
    return found


class Reads:
    """The state, the record and the broadcast, as answers."""

    def __init__(self, live: Live, record: Record, cast: Broadcast) -> None:
        self.live, self.record, self.cast = live, record, cast
        self.environment = live.place
        self.interest: dict[str, Interest] = {}
        self.programmes: dict[str, str] = {}
        self._flows: tuple[float, v.Flows] | None = None

    def _market(self, ask: Ask) -> MarketState:
        found = self.live.state.markets.get(ask.path["ticker"])
        if found is None:
            raise Refusal(404, "no such market", "unknown_market")
        return found

    def _event(self, ask: Ask) -> EventState:
        found = self.live.state.events.get(ask.path["event"])
        if found is None:
            raise Refusal(404, "no such event", "unknown_event")
        return found

    def status(self, _: Ask) -> v.Status:
        """The header."""
        return view.status(self.live.state, self.environment)

    def balance(self, _: Ask) -> v.Balance:
        """Free cash."""
        return v.Balance(balance_usd=view.usd(self.live.state.balance))

    def positions(self, _: Ask) -> list[v.Position]:
        """What we hold."""
        return view.positions(self.live.state)

    def orders(self, _: Ask) -> list[v.OrderShown]:
        """What rests."""
        return view.orders(self.live.state)

    def fills(self, _: Ask) -> list[v.FillShown]:
        """Newest first."""
        return self.record.shown(list(self.live.fills))

    async def markets(self, _: Ask) -> list[v.MarketView]:
        """All of them."""
        return await unhurried(view.market, list(self.live.state.markets.values()))

    async def events(self, _: Ask) -> list[v.EventView]:
        """All that are published or held."""
        return await unhurried(view.event, view.shown_events(self.live.state))

    def book(self, ask: Ask) -> v.BookView:
        """All levels."""
        return view.book(self._market(ask))

    async def trades(self, ask: Ask) -> list[v.TradeShown]:
        """Of the last hours, newest first, asked of the exchange."""
        market, now = self._market(ask), self.live.clock.now()
        try:
            found = await Catalog(self.live.sdk).trades(market.ticker, Instant(now - 6 * HOUR), now)
        except KwmError as error:
            raise Refusal(502, f"the exchange did not say: {error}", "exchange") from error
        return [
            v.TradeShown(at_ms=view.ms(t.traded_at), price_c=t.price / 100, contracts=t.count / 100,
                         taker_side=t.taker.value)
            for t in reversed(found[-200:])
        ]  # fmt: skip

    def why(self, ask: Ask) -> v.Why:
        """Why a market is quoted as it is, or is not."""
        return view.why(self.live.state, self._market(ask))

    def series(self, ask: Ask) -> v.Series:
        """One market's day."""
        return self.record.series(self._market(ask))

    def ladder(self, ask: Ask) -> v.Ladder:
        """What each outcome earns."""
        return ladder(self._event(ask))

    def risk(self, _: Ask) -> v.Risk:
        """Limits and their use."""
        return view.risk(self.live.state)

    def curve(self, _: Ask) -> v.Curve:
        """PnL today."""
        return points(self.live.history)

    def notes(self, _: Ask) -> list[v.Note]:
        """What a person should have read, oldest first."""
        return [v.Note(at_ms=view.ms(Instant(at)), kind=kind, words=words) for at, kind, words in self.live.notes]

    def health(self, _: Ask) -> v.Health:
        """Liveness: answers while the loop turns."""
        return view.health(self.live.state)

    def ready(self, _: Ask) -> v.Health:
        """Readiness. Raises: Refusal 503."""
        found = view.health(self.live.state)
        if not found.ready:
            raise Refusal(503, "; ".join(found.reasons) or f"stale: {', '.join(found.stale)}", "not_ready")
        return found

    def metrics(self, _: Ask) -> Response:
        """Prometheus."""
        return Response(metrics(self.live.state, self.cast.watchers), media_type="text/plain; version=0.0.4")

    def publication(self, _: Ask) -> Response:
        """As the flows wrote it."""
        found = self.live.state.publication
        if found is None:
            raise Refusal(404, "nothing published yet", "no_publication")
        return Response(encode(found), media_type="application/json")

    def fair(self, ask: Ask) -> list[v.Ladder]:
        """The ladders of all published events, or of those whose ticker begins with `event`."""
        wanted = ask.query.get("event", "")
        return [
            ladder(found) for found in view.shown_events(self.live.state)
            if found.fair is not None and found.ticker.startswith(wanted)
        ]  # fmt: skip

    def config(self, _: Ask) -> v.Config:
        """Every setting in force, secrets hidden: who may look need not have the token."""
        words = live_settings.explanations()
        shown = []
        for section, values in live_settings.as_shown(self.live.settings).items():
            for key, value in values.items():
                name = f"{section}.{key}"
                shown.append(
                    v.Setting(key=name, value=value, live=name in live_settings.LIVE,
                              words=words.get(name, ""), kind=live_settings.kind(section, key))
                )  # fmt: skip
        return v.Config(settings=shown)

    async def flows(self, _: Ask) -> v.Flows:
        """Asked of the Prefect server, at most once in a few seconds."""
        if self._flows is None or time.monotonic() - self._flows[0] > _FLOWS_FOR_S:
            self._flows = (time.monotonic(), await self._ask_flows())
        return self._flows[1]

    async def _ask_flows(self) -> v.Flows:
        ui = prefect_ui(self.live.settings, os.environ)
        try:
            found = await flow_runs.latest(prefect_api(self.live.settings, os.environ))
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            words = f"the Prefect server does not answer ({type(error).__name__})"
            return v.Flows(reachable=False, words=words, ui=ui, latest=[], runs=[])
        runs = [
            v.FlowRun(flow=r.flow, run=r.name, state=r.state, started_at=r.started_at, seconds=round(r.seconds, 1),
                      url=f"{ui}/runs/flow-run/{r.id}")
            for r in found
        ]  # fmt: skip
        begun = [r for r in runs if r.started_at is not None] + [r for r in runs if r.started_at is None]
        latest = list({r.flow: r for r in reversed(begun)}.values())
        return v.Flows(reachable=True, words="", ui=ui, latest=sorted(latest, key=lambda r: r.flow), runs=runs)

    async def opportunities(self, ask: Ask) -> list[v.Opportunity]:
        """Every open weather market, best first."""
        marks = measured(self.record.shown(list(self.live.fills)))
        every = opportunities(self.live.state, self.interest, self.programmes, marks)
        found = best_first(await unhurried(lambda one: one, every))
        wanted = ask.query.get("series", "")
        return [one for one in found if one.series.startswith(wanted)]

    async def learn_interest(self, pause_s: float) -> None:
        """Ask the exchange for every series' open markets and the incentive programmes; `pause_s` between two asks.

        Raises: KwmError when the exchange does not say.
        """
        found: dict[str, Interest] = {}
        for series in (s for station in STATIONS for s in (station.series_high, station.series_low)):
            for one in await open_markets(self.live.sdk, series):
                found[one.ticker] = one
            await asyncio.sleep(pause_s)
        self.interest = found
        self.programmes = await incentives(self.live.sdk)

    def stream(self, ask: Ask) -> StreamingResponse:
        """Server-sent events."""
        body: Any = self.cast.follow(ask.last_event_id, self.live.stopping)
        return StreamingResponse(body, media_type="text/event-stream")
