"""How much each weather market is traded, and which incentive programmes are on it: for choosing where to quote.

Public reads through the SDK's transport. Nothing here is money at risk, so a field that is missing reads as unknown.
"""

from dataclasses import dataclass

import msgspec

from core.errors import Malformed
from core.exchange.sdk import Sdk
from core.exchange.translate import decode
from core.units import Count, Price, count, price


class _Market(msgspec.Struct, frozen=True):
    ticker: str
    event_ticker: str
    yes_sub_title: str = ""
    volume_fp: str | None = None
    volume_24h_fp: str | None = None
    yes_bid_dollars: str | None = None
    yes_ask_dollars: str | None = None


class _Page(msgspec.Struct, frozen=True):
    markets: list[_Market]
    cursor: str | None = None


class _Programme(msgspec.Struct, frozen=True):
    market_ticker: str
    incentive_type: str = ""
    period_reward: int = 0  # hundredths of a cent
    target_size_fp: str | None = None
    discount_factor_bps: int | None = None


class _Programmes(msgspec.Struct, frozen=True):
    incentive_programs: list[_Programme]


@dataclass(frozen=True, slots=True)
class Interest:
    """One open market as everybody sees it; None where the exchange does not say."""

    ticker: str
    event_ticker: str
    title: str
    volume: Count | None
    volume_24h: Count | None
    bid: Price | None
    ask: Price | None


async def open_markets(sdk: Sdk, series: str) -> list[Interest]:
    """Every open market of one series. Raises: those of `Sdk.call`, Malformed."""
    pages = await sdk.pages(
        sdk.markets.get_markets_without_preload_content, _Page, series_ticker=series, status="open", limit=1000
    )
    return [_interest(raw) for page in pages for raw in page.markets]


def _interest(raw: _Market) -> Interest:
    def size(text: str | None) -> Count | None:
        return None if text is None else count(text, "volume_fp")

    def at(text: str | None) -> Price | None:
        found = None if text is None else price(text, "yes_dollars")
        return found if found is not None and 0 < found < 10_000 else None

    return Interest(
        raw.ticker, raw.event_ticker, raw.yes_sub_title, size(raw.volume_fp), size(raw.volume_24h_fp),
        at(raw.yes_bid_dollars), at(raw.yes_ask_dollars),
    )  # fmt: skip


async def incentives(sdk: Sdk) -> dict[str, str]:
    """Ticker -> its active programmes in words. Raises: those of `Sdk.call`, Malformed."""
    raw = await sdk.call(sdk.incentives.get_incentive_programs_without_preload_content, status="active", limit=10_000)
    found: dict[str, str] = {}
    for one in decode(raw, _Programmes).incentive_programs:
        words = f"{one.incentive_type} ${one.period_reward / 10_000:,.2f} a period"
        if one.target_size_fp is not None:
            try:
                words += f", target {count(one.target_size_fp, 'target_size_fp') // 100}"
            except Malformed:
                words += f", target {one.target_size_fp}"
        found[one.market_ticker] = "; ".join(filter(None, (found.get(one.market_ticker, ""), words)))
    return found
