"""The outcome ladder of one event: what each whole degree earns, beside how likely model and market hold it. Pure."""

from core.risk.exposure import loss_by_bracket
from quoter.dashboard import models as v
from quoter.dashboard.view import bracket_words, usd
from quoter.engine.market import EventState, MarketState


def ladder(found: EventState) -> v.Ladder:
    """PnL by bracket and by degree: held, and with everything that rests filled the worst way."""
    rows = loss_by_bracket([m.leg for m in found.markets])
    outcomes = [(m, held, worst) for m, (held, worst) in zip(found.markets, rows, strict=True) if m.fair is not None]
    outcomes.sort(key=lambda row: _low(row[0]))
    implied = market_implied([m for m, _, _ in outcomes])
    rungs = [
        v.Rung(
            bracket=bracket_words(m.fair.low, m.fair.high), ticker=m.ticker, low=m.fair.low, high=m.fair.high,
            held_usd=usd(held), worst_usd=usd(worst), fair_c=round(m.fair.fair * 100, 1),
            market_c=None if implied is None else round(implied[m.ticker] * 100, 1),
        )
        for m, held, worst in outcomes if m.fair is not None
    ]  # fmt: skip
    fair = found.fair
    pmf = fair.pmf if fair is not None else []
    return v.Ladder(
        event=found.ticker, mean_f=round(fair.mean_f, 1) if fair else None, sd_f=round(fair.sd_f, 1) if fair else None,
        observed_f=fair.observed_f if fair else None, pmf=pmf, brackets=rungs, degrees=degrees(rungs, pmf),
    )  # fmt: skip


def _low(m: MarketState) -> int:
    return -999 if m.fair is None or m.fair.low is None else m.fair.low


def market_implied(markets: list[MarketState]) -> dict[str, float] | None:
    """Each bracket's probability by the middles of the books, scaled to one; None where a book says too little."""
    middles: dict[str, float] = {}
    for m in markets:
        bid, ask = m.others_touch() if m.book.known else (None, None)
        if bid is None and ask is None:
            return None
        middles[m.ticker] = ((bid or 0) + (ask if ask is not None else 10_000)) / 20_000
    total = sum(middles.values())
    return {ticker: middle / total for ticker, middle in middles.items()} if total else None


def degrees(rungs: list[v.Rung], pmf: list[tuple[int, float]]) -> list[v.Degree]:
    """One row a whole degree; a bracket's market probability is spread over its degrees as the model's own."""
    found = []
    inside: dict[str, float] = {}
    homes = {f: next((r for r in rungs if _pays(r, f)), None) for f, _ in pmf}
    for f, p in pmf:
        home = homes[f]
        if home is not None:
            inside[home.ticker] = inside.get(home.ticker, 0.0) + p
    for f, p in pmf:
        rung = homes[f]
        share = p / inside[rung.ticker] if rung is not None and inside[rung.ticker] > 0 else 0.0
        market = None if rung is None or rung.market_c is None else round(rung.market_c / 100 * share, 4)
        found.append(
            v.Degree(f=f, model=round(p, 4), market=market, held_usd=rung.held_usd if rung else None,
                     worst_usd=rung.worst_usd if rung else None)
        )  # fmt: skip
    return found


def _pays(rung: v.Rung, f: int) -> bool:
    return (rung.low is None or f >= rung.low) and (rung.high is None or f <= rung.high)
