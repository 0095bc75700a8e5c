"""From rows to an event's fair values: the one function the `publish` flow calls. Pure.

What is missing widens or withdraws a fair value; nothing is invented. Steps: centre (forecast less bias), spread (lead,
station, hour of the day), condition on observations, integrate to brackets, blend with the market.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from core.contract import Market
from core.errors import Refused
from core.fair import blend, brackets, nowcast
from core.fair.coefficients import Coefficients
from core.fair.distribution import DEGREES, Array, moments, pmf
from core.fair.releases import windows
from core.publication import EventFair, MarketFair
from core.station_day import StationDay, Variable, climate_day
from core.units import HOUR, Instant, Money, Price
from core.weather.rows import ClimateRow, ForecastRow, ObservationRow

MAX_FORECAST_AGE = 12 * HOUR
_PREFERRED = ("nws_grid", "nws_hourly", "nws_forecast")
_LEAST_SD = 0.45


@dataclass(slots=True)
class Inputs:
    """What is known of one station-day now: rows received by now; `errors`: recent (day, official minus forecast)."""

    forecasts: Sequence[ForecastRow] = ()
    observations: Sequence[ObservationRow] = ()
    climate: Sequence[ClimateRow] = ()
    errors: Sequence[tuple[date, float]] = ()


@dataclass(slots=True)
class Belief:
    """A pmf over `DEGREES` and where it comes from."""

    pmf: Array
    observed: float | None
    quality: list[str] = field(default_factory=list)
    vintages: dict[str, Instant] = field(default_factory=dict)


def centre(day: StationDay, inputs: Inputs, now: Instant, quality: list[str]) -> tuple[float, Instant, str] | Refused:
    """(degrees F, issued, source) of the forecast to stand on; for highs the warmer of grid and hourly, if close."""
    latest: dict[str, ForecastRow] = {}
    for row in inputs.forecasts:
        if row.received_at <= now and (row.source not in latest or row.issued_at > latest[row.source].issued_at):
            latest[row.source] = row
    usable = {source: row for source, row in latest.items() if now - row.issued_at <= MAX_FORECAST_AGE}
    if not usable:
        return Refused("no_forecast", "no forecast younger than 12 hours")
    source = next((s for s in _PREFERRED if s in usable), next(iter(usable)))
    row = usable[source]
    if source != _PREFERRED[0]:
        quality.append(f"no fresh {_PREFERRED[0]}: using {source}")
    value, hourly = row.value_f, usable.get("nws_hourly")
    if hourly is not None and source == "nws_grid":
        # the grid's windows are day and night; a maximum at midnight is only in the hourly forecast (4.6 % of days)
        beyond = hourly.value_f - value if day.variable is Variable.HIGH else value - hourly.value_f
        if beyond >= 2.0:
            value = hourly.value_f
            quality.append("the extreme is expected outside the usual hours")
    return value, row.issued_at, source


def believe(day: StationDay, inputs: Inputs, now: Instant, c: Coefficients) -> Belief | Refused:
    """The model's distribution of the official value."""
    quality: list[str] = []
    final = [r for r in inputs.climate if r.final and r.received_at <= now and r.day == day.day]
    if final:
        first = min(final, key=lambda r: r.issued_at)
        value = first.max_f if day.variable is Variable.HIGH else first.min_f
        if value is not None:
            return Belief(nowcast.certain(value), float(value), ["final report is out"], {"climate": first.issued_at})
    found = centre(day, inputs, now, quality)
    if isinstance(found, Refused):
        return found
    value_f, issued, source = found
    lead = max(0, (day.day - climate_day(day.station, issued)).days)
    recent = [e for d, e in inputs.errors if 0 < (day.day - d).days <= c.rolling_days]
    rolling = c.rolling_share * float(np.mean(recent)) * len(recent) / (len(recent) + 10.0) if recent else 0.0
    bias = c.bias_of(day.variable, lead) * (20.0 / (len(recent) + 20.0)) + rolling
    if len(recent) < 10:
        quality.append(f"only {len(recent)} recent days to correct the bias with")
    sd = c.sd_of(day.station.code, day.variable, lead)
    if source != _PREFERRED[0]:
        sd *= 1.15
    vintages = {source: issued}
    if now < day.start:
        return Belief(pmf(value_f + bias, sd, c.df), None, quality, vintages)
    return _today(day, inputs, now, value_f + bias, sd, c, quality, vintages)


def _today(
    day: StationDay,
    inputs: Inputs,
    now: Instant,
    mean: float,
    sd: float,
    c: Coefficients,
    quality: list[str],
    vintages: dict[str, Instant],
) -> Belief:
    """On the climate day: what is left to be learnt shrinks, and what was observed is a floor (a ceiling for lows)."""
    seen = [o for o in inputs.observations if day.start <= o.observed_at < day.end and o.received_at <= now]
    rest = pmf(mean, max(sd * nowcast.share_left(day, now), _LEAST_SD), c.df)
    reported = _reported(day, seen)
    if reported is None:
        quality.append("no observations of the climate day yet")
        return Belief(pmf(mean, sd, c.df), None, quality, vintages)
    newest = max(o.observed_at for o in seen)
    vintages["observations"] = newest
    if now - newest > 2 * HOUR:
        quality.append(f"the last observation is {(now - newest) / HOUR:.0f} h old")
        rest = pmf(mean, max(sd, _LEAST_SD), c.df)
    so_far = nowcast.extreme_so_far(day.station.code, day.variable, reported)
    preliminary = [r for r in inputs.climate if not r.final and r.received_at <= now and r.day == day.day]
    if preliminary:
        last = max(preliminary, key=lambda r: r.issued_at)
        value = last.max_f if day.variable is Variable.HIGH else last.min_f
        if value is not None:
            vintages["climate"] = last.issued_at
            so_far = nowcast.combine(so_far, nowcast.certain(value), day.variable)
    return Belief(nowcast.combine(so_far, rest, day.variable), float(reported), quality, vintages)


def _reported(day: StationDay, seen: Sequence[ObservationRow]) -> int | None:
    """The whole-degree extreme of the reports so far; of a five-minute interval only the safe end counts."""
    found: list[float] = []
    for o in seen:
        if day.variable is Variable.HIGH:
            if o.low_f is not None:
                found.append(o.low_f + 0.09 if o.kind != "five_minute" else o.low_f)
            if o.max_6h_f is not None and o.observed_at - 6 * HOUR >= day.start:
                found.append(float(o.max_6h_f))
        else:
            if o.high_f is not None:
                found.append(o.high_f - 0.09 if o.kind != "five_minute" else o.high_f)
            if o.min_6h_f is not None and o.observed_at - 6 * HOUR >= day.start:
                found.append(float(o.min_6h_f))
    if not found:
        return None
    return round(max(found) if day.variable is Variable.HIGH else min(found))


def fair_event(
    markets: Sequence[Market],
    inputs: Inputs,
    now: Instant,
    coefficients: Coefficients,
    valid_until: Instant,
    max_loss: Money,
    market_prices: Mapping[str, tuple[Price | None, Price | None]] | None = None,
) -> EventFair | Refused:
    """Fair values of one event's markets, or why there are none."""
    day = markets[0].station_day
    belief = believe(day, inputs, now, coefficients)
    if isinstance(belief, Refused):
        return belief
    ordered = sorted(markets, key=lambda m: -1000 if m.bracket.low is None else m.bracket.low)
    shapes = [m.bracket for m in ordered]
    model = brackets.ladder(belief.pmf, shapes)
    slope = brackets.slopes(belief.pmf, shapes)
    market = blend.implied([m.ticker for m in ordered], market_prices) if market_prices is not None else None
    weight = coefficients.weight_today if now >= day.start else coefficients.weight_ahead
    fair = blend.pool(model, market, weight)
    if market is None:
        weight = 1.0
        belief.quality.append("no usable market to blend with")
    mean, sd = moments(belief.pmf)
    unknown = coefficients.unknown_mean_f * (weight if market is not None else 1.0)
    priced = [
        MarketFair(
            ticker=one.ticker, low=one.bracket.low, high=one.bracket.high, fair=float(fair[i]),
            sd=float(abs(slope[i]) * unknown + 0.002), slope=float(slope[i]), model=float(model[i]),
            market=float(market[i]) if market is not None else None, price_ranges=list(one.grid.ranges),
            close_at=one.close_at, taker_fee=one.fees.taker, maker_fee=one.fees.maker,
        )
        for i, one in enumerate(ordered)
    ]  # fmt: skip
    kept = np.flatnonzero(belief.pmf > 1e-4)
    return EventFair(
        event_ticker=day.event_ticker, station=day.station.code, city=day.station.city, variable=day.variable.value,
        day=day.day.isoformat(), day_start=day.start, day_end=day.end, mean_f=mean, sd_f=sd,
        observed_f=belief.observed, weight=weight, quality=belief.quality, vintages=belief.vintages,
        valid_until=valid_until, pmf=[(int(DEGREES[k]), float(belief.pmf[k])) for k in kept],
        windows=windows(day, now), max_loss=max_loss, markets=priced,
    )  # fmt: skip
