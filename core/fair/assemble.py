"""From rows to events' fair values: what the `publish` flow calls. Pure.

Every station-day is a case of the model (`live.state`), and the model is the one that is scored on history
(`emos.predict`). What is missing widens or withdraws a fair value; nothing is invented. Then: what the climate reports
say, integration to brackets, and the blend with the market.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from core.contract import Bracket, Market, exhaustive
from core.errors import Refused
from core.fair import blend, brackets, emos, live, nowcast, opinion
from core.fair.distribution import DEGREES, Array, moments
from core.fair.live import Known
from core.fair.official import Said, Voices
from core.fair.opinion import Opinion
from core.fair.past import Past, rolling
from core.fair.releases import windows
from core.fair.weights import Weights
from core.publication import EventFair, MarketFair
from core.station_day import StationDay
from core.units import Instant, Money, Price

UNKNOWN_SHARE, _LEAST_UNKNOWN = 0.2, 0.002  # of the spread: how far our own mean may be off; dollars at least
Prices = Mapping[str, tuple[Price | None, Price | None]]


@dataclass(frozen=True, slots=True)
class Pricer:
    """What was learnt: the model, the errors of late, and how much of it the blend takes."""

    model: emos.Model
    past: Past
    weights: Weights

    @property
    def version(self) -> str:
        """Model, blend, when the model was fitted, and on how many rows."""
        if not self.model.rows:
            return f"{self.model.version} {blend.VERSION} {self.model.prior.version}"
        return f"{self.model.version} {blend.VERSION} fit {self.model.fitted_at:.2f} rows {self.model.rows}"


@dataclass(slots=True)
class Belief:
    """A pmf over `DEGREES` and where it comes from."""

    pmf: Array
    observed: float | None
    quality: list[str] = field(default_factory=list)
    vintages: dict[str, Instant] = field(default_factory=dict)
    final: bool = False


def believe(
    days: Sequence[StationDay], known: Known, pricer: Pricer, now: Instant
) -> dict[StationDay, Belief | Refused]:
    """The model's distribution of each station-day's official value."""
    voices = Voices(known, now)
    said = {day: voices.of(day) for day in days}
    found: dict[StationDay, Belief | Refused] = {}
    open_days: list[StationDay] = []
    for day, words in said.items():
        if words is not None and words.final:
            found[day] = Belief(words.pmf, words.value, list(words.words), dict(words.by), final=True)
        else:
            open_days.append(day)
    model = pricer.model
    words_so_far = {day: (words.issued_at, words.value) for day in open_days if (words := said[day]) is not None}
    state = live.state(open_days, known, now, model.context.stations if model.rows else None, words_so_far)
    found.update(state.refused)
    if not len(state.cases):
        return found
    pmfs = emos.predict(model, state.cases, rolling(state.cases, pricer.past), state.widen)
    for day, i in state.row.items():
        extreme = state.cases.extreme[i]
        belief = Belief(pmfs[i], None if np.isnan(extreme) else float(extreme), state.quality[day], state.vintages[day])
        if day in state.floor:
            belief.observed = state.floor[day]
            belief.pmf = nowcast.beyond(day.station.code, state.floor[day], belief.pmf, day.variable)
        found[day] = _floored(day, belief, said[day], now)
    return found


def _floored(day: StationDay, belief: Belief, said: Said | None, now: Instant) -> Belief:
    """The official extreme so far cannot be undone: T = max(it, what the model says of the rest)."""
    if said is not None:
        belief.vintages.update(said.by)
        belief.pmf = nowcast.after_report(belief.pmf, said.pmf, day, said.issued_at, now)
        belief.observed = said.value
    return belief


def fair_event(
    markets: Sequence[Market],
    belief: Belief,
    pricer: Pricer,
    now: Instant,
    valid_until: Instant,
    max_loss: Money,
    prices: Prices | None = None,
    given: Opinion | None = None,
) -> EventFair:
    """Fair values of one event's markets: model, market, their blend, and a person's opinion in it."""
    day = markets[0].station_day
    ordered = sorted(markets, key=lambda m: -1000 if m.bracket.low is None else m.bracket.low)
    shapes = [m.bracket for m in ordered]
    model = brackets.ladder(belief.pmf, shapes)
    slope = brackets.slopes(belief.pmf, shapes)
    reading = blend.implied([m.ticker for m in ordered], prices, model) if prices is not None else None
    quality = [*belief.quality, *_unread(shapes, reading)]
    share = 1.0 if reading is None else pricer.weights.at(day, now)
    held = 0.0 if given is None or belief.final else opinion.counts(given, day, now)
    ours, said = model, ""
    if given is not None and held > 0:
        share = held + (1 - held) * share
        together = opinion.joined(belief.pmf, given, held / share, day, belief.observed)
        ours, said = brackets.ladder(together, shapes), opinion.words(given, held)
    fair, weight = ours, 1.0
    if reading is not None:
        fair, weight = blend.pool(ours, reading.market, share), reading.counts(share)
    market = reading.market if reading is not None and reading.whole else None
    mean, sd = moments(belief.pmf)
    unknown = UNKNOWN_SHARE * sd * weight
    priced = [
        MarketFair(
            ticker=one.ticker, low=one.bracket.low, high=one.bracket.high, fair=float(fair[i]),
            sd=float(abs(slope[i]) * unknown + _LEAST_UNKNOWN), slope=float(slope[i]), model=float(model[i]),
            market=float(market[i]) if market is not None else None, price_ranges=list(one.grid.ranges),
            close_at=one.close_at, taker_fee=one.fees.taker, maker_fee=one.fees.maker,
        )
        for i, one in enumerate(ordered)
    ]  # fmt: skip
    kept = np.flatnonzero(belief.pmf > 1e-4)
    return EventFair(
        event_ticker=day.event_ticker, station=day.station.code, city=day.station.city, variable=day.variable.value,
        day=day.day.isoformat(), day_start=day.start, day_end=day.end, mean_f=mean, sd_f=sd,
        observed_f=belief.observed, weight=weight, quality=quality, vintages=belief.vintages,
        valid_until=valid_until, pmf=[(int(DEGREES[k]), float(belief.pmf[k])) for k in kept],
        windows=windows(day, now), max_loss=max_loss, markets=priced, opinion=said,
    )  # fmt: skip


def _unread(shapes: Sequence[Bracket], reading: blend.Reading | None) -> list[str]:
    """What of the market could not be read, and what was done about it: nothing, or one sentence."""
    if reading is None:
        return ["no usable market to blend with"]
    if reading.whole:
        return []
    those = "; ".join(str(shape) for shape, read in zip(shapes, reading.read, strict=True) if not read)
    if not reading.read.any():
        return ["no book could be read (one side only, or too wide): the model alone, within their bids and asks"]
    together = float(reading.market[~reading.read].sum())
    return [
        f"books that could not be read (one side only, too wide, or empty): {those}. There the market is taken to say"
        f" what the other books leave, {together:.2f} together, divided as the model would, within their bids and asks"
    ]


def fair_events(
    events: Mapping[str, Sequence[Market]],
    known: Known,
    pricer: Pricer,
    now: Instant,
    valid_until: Instant,
    max_loss: Money,
    prices: Prices | None = None,
    opinions: Mapping[str, Opinion] | None = None,
) -> dict[str, EventFair | Refused]:
    """Every event's fair values, or why there are none. `opinions`: those in force, by event."""
    beliefs = believe([markets[0].station_day for markets in events.values()], known, pricer, now)
    told = opinions or {}
    found: dict[str, EventFair | Refused] = {}
    for ticker, markets in sorted(events.items()):
        belief = beliefs[markets[0].station_day]
        found[ticker] = (
            Refused("ladder", "its open markets leave degrees out, or pay for some twice: nothing sums to one")
            if not exhaustive([m.bracket for m in markets])
            else belief if isinstance(belief, Refused)
            else fair_event(markets, belief, pricer, now, valid_until, max_loss, prices, told.get(ticker))
        )  # fmt: skip
    return found
