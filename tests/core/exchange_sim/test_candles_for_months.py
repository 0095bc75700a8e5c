"""The embedded exchange runs for weeks: its candles do not grow with every day that has passed."""

from core.exchange.candles import KEPT_AFTER, KEPT_MINUTES, Candles
from core.units import DAY, HOUR, MINUTE, Instant, Price, instant

START = instant("2026-07-01T00:00:00Z")


def noted(candles: Candles, ticker: str, at: Instant, minutes: int) -> Instant:
    for n in range(minutes):
        candles.note_quote(ticker, Instant(at + n * MINUTE), Price(4_000), Price(4_200))
    return Instant(at + minutes * MINUTE)


def test_a_market_that_ended_is_forgotten_and_one_that_trades_keeps_its_whole_life() -> None:
    candles, at = Candles(), START
    for day in range(10):
        ended = noted(candles, f"of day {day}", Instant(START + day * DAY), 100)
        at = noted(candles, "alive", at, 1_440)
        candles.forget(Instant(ended + KEPT_AFTER + HOUR))
    assert set(candles.bars) == {"alive"}
    assert len(candles.bars["alive"]) == KEPT_MINUTES
    assert candles.between("of day 3", 0, 2**40, 60) == []


def test_a_market_whose_book_stood_still_for_an_hour_keeps_its_candles() -> None:
    candles = Candles()
    last = noted(candles, "quiet", START, 5)
    candles.forget(Instant(last + HOUR))
    assert len(candles.bars["quiet"]) == 5
