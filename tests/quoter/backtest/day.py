"""A made-up day of six brackets: a random walk of prices, takers on both sides, one result. Nothing of it is real."""

import random
from datetime import date

import numpy as np

from core import config
from core.contract import Bracket
from core.history.ladder import Listed, PastEvent, Prints
from core.history.touch import Fitted
from core.publication import Publication, PublishedLimits
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.units import HOUR, MINUTE, Instant
from quoter.backtest import beliefs
from quoter.backtest.beliefs import Row
from quoter.backtest.cell import Cell
from quoter.backtest.job import Arm
from quoter.backtest.past import prepare
from quoter.backtest.run import TICK, Bench, offline
from quoter.engine.config import engine_config

DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2031, 5, 6))
SHAPES = [Bracket(None, 60), Bracket(61, 62), Bracket(63, 64), Bracket(65, 66), Bracket(67, 68), Bracket(69, None)]
SETTINGS = config.load({}, None)


def event(pays: int = 2) -> PastEvent:
    """`pays`: which bracket wins; -1 for no result yet."""
    opens = Instant(DAY.start - 15 * HOUR)
    return PastEvent(DAY.event_ticker, DAY, tuple(
        Listed(f"{DAY.event_ticker}-M{i}", shape, opens, DAY.end, None if pays < 0 else i == pays)
        for i, shape in enumerate(SHAPES)))  # fmt: skip


def prints(seed: int = 1, number: int = 1_500) -> Prints:
    """Trades from the open to the close."""
    rng, begins = random.Random(seed), event().open_at
    middle = [800, 2_000, 3_200, 2_200, 1_200, 600]
    at = sorted(rng.randrange(begins + MINUTE, DAY.end - MINUTE) for _ in range(number))
    rows = []
    for when in at:
        i = rng.randrange(6)
        middle[i] = min(max(middle[i] + rng.choice((-100, 0, 0, 100)), 300), 9_500)
        buys = rng.random() < 0.5
        price = min(max(middle[i] + (100 if buys else -100), 100), 9_900)
        rows.append((when, i, price, rng.randint(1, 60) * 100, buys))
    columns = list(zip(*rows, strict=True))
    whole = [np.array(column, dtype=np.int64) for column in columns[:4]]
    return Prints(whole[0], whole[1], whole[2], whole[3], np.array(columns[4], dtype=np.bool_))


def rows(seed: int = 2) -> list[Row]:
    """A fair value every ten minutes that wanders a little."""
    rng, one = random.Random(seed), event()
    weights = [0.08, 0.2, 0.32, 0.22, 0.12, 0.06]
    found = []
    for at in range(one.open_at + MINUTE, one.close_at, 10 * MINUTE):
        weights = [max(0.02, w * (1 + rng.gauss(0, 0.05))) for w in weights]
        total = sum(weights)
        for market, weight in zip(one.markets, weights, strict=True):
            fair = weight / total
            found.append(Row(at, one.close_at, market.ticker, fair, fair, fair, fair, 0.004, 0.0, 0.3, 64.0, 2.0))
    return found


def published(told: list[Row], arm: Arm) -> list[Publication]:
    """As the engine reads them."""
    risk = SETTINGS.risk
    limits = PublishedLimits(risk.max_loss_total, risk.max_loss_city, risk.max_daily_loss)
    return beliefs.publications(event(), told, (), arm, limits, risk.max_loss_event)


def bench(
    arm: Arm, seed: int = 1, told: list[Row] | None = None, trades: Prints | None = None, timer_every: int = TICK,
    pays: int = 2,
) -> Bench:  # fmt: skip
    """Ready to run, its actions logged."""
    past = prepare(event(pays), prints(seed) if trades is None else trades, None, Fitted(300, 3_000, 0.7))
    found = Bench(past, arm, offline(engine_config(SETTINGS)), published(rows() if told is None else told, arm),
                  timer_every=timer_every)  # fmt: skip
    found.log = []
    return found


def cut(trades: Prints, at: int) -> Prints:
    """Only what happened by `at`."""
    keep = trades.at <= at
    return Prints(trades.at[keep], trades.market[keep], trades.price[keep], trades.count[keep], trades.buys[keep])


def cell(arm: Arm, seed: int = 1) -> Cell:
    """Run it."""
    return bench(arm, seed).run()
