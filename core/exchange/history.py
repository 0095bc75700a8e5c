"""Settled events of the past, computed when asked for: the embedded exchange keeps none of them in memory."""

from functools import lru_cache

from core.exchange.listing import Oracle, settled_markets, station_days
from core.exchange.simulator import Listed
from core.stations import BY_SERIES, STATIONS
from core.units import HOUR, Instant

DAYS = 60


class History:
    """The last `DAYS` days of settled markets."""

    def __init__(self, oracle: Oracle | None) -> None:
        self.oracle = oracle

    def settled(self, series: str, now: Instant) -> list[Listed]:
        """Newest first; of one series, or of all when it is empty."""
        if self.oracle is None:
            return []
        return self._settled(series, now // HOUR)

    @lru_cache(maxsize=64)  # noqa: B019 - one history lives as long as its process
    def _settled(self, series: str, hour: int) -> list[Listed]:
        assert self.oracle is not None, "asked only with an oracle"
        now = Instant(hour * HOUR)
        stations = (BY_SERIES[series],) if series in BY_SERIES else () if series else STATIONS
        found: list[Listed] = []
        for day in reversed(station_days(stations, now, DAYS, 0)):
            if series and day.series != series:
                continue
            for market, result, value, degrees in settled_markets(day, self.oracle, now):
                found.append(Listed(market, "finalized", result=result, value=value, expiration_value=str(degrees)))
        return found
