"""What markets that are held on paper have paid while the session did not run, or did not hear it."""

from collections.abc import Iterable

from core import messages as m
from core.contract import Market
from core.errors import KwmError
from core.exchange.catalog import Catalog
from core.exchange.sdk import Sdk
from core.units import Instant


def paid(markets: Iterable[Market], at: Instant) -> list[m.Said]:
    """The words that the stream would have said of those of them that have a result and its value. Pure."""
    return [
        m.MarketChanged(at, x.ticker, "determined", result=x.result, settlement_value=x.settlement_value)
        for x in markets
        if x.result and x.settlement_value is not None
    ]


async def ask(sdk: Sdk, tickers: list[str], at: Instant) -> tuple[list[m.Said], str]:
    """(what these paid, trouble in words): what could not be read is asked for again the next time."""
    if not tickers:
        return [], ""
    reader = Catalog(sdk)
    try:
        fees, _ = await reader.series_fees()
        listing = await reader.by_tickers(tickers, fees)
    except KwmError as error:
        return [], str(error)
    refused = [f"{ticker}: {why}" for ticker, why in listing.refused.items() if ticker in tickers]
    return paid(listing.markets, at), "; ".join(refused[:3])
