"""What every job of a round shares: what it brought, what failed and why, and how each source stands after it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from core.errors import Malformed, Unavailable
from core.stations import Station
from core.units import Instant
from core.weather.fetch import Answer, Fetcher
from core.weather.rows import (
    ClimateRow,
    ForecastRow,
    HourlyRow,
    ObservationRow,
    PortalRow,
    QuantileRow,
    SummaryRow,
)
from core.weather.sources import Source
from core.weather.standing import Standing, State, young

Job = Callable[[], Awaitable[Instant | None]]


@dataclass(frozen=True, slots=True)
class Raw:
    """One body as it came, for the raw archive."""

    source: str
    station: str
    url: str
    fetched_at: Instant
    body: bytes


@dataclass(slots=True)
class Harvest:
    """What one round of fetching brought: rows, raw bodies, and what failed with its reason."""

    forecasts: list[ForecastRow] = field(default_factory=list)
    percentiles: list[QuantileRow] = field(default_factory=list)
    hourly: list[HourlyRow] = field(default_factory=list)
    observations: list[ObservationRow] = field(default_factory=list)
    climate: list[ClimateRow] = field(default_factory=list)
    summaries: list[SummaryRow] = field(default_factory=list)
    portal: list[PortalRow] = field(default_factory=list)
    raw: list[Raw] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    good: int = 0  # sources that answered with something to believe, new or not


@dataclass(frozen=True, slots=True)
class Round:
    """What every job of a round needs."""

    fetcher: Fetcher
    stations: tuple[Station, ...]
    harvest: Harvest

    @property
    def state(self) -> State:
        """What is remembered between rounds; the fetcher's."""
        return self.fetcher.state

    @property
    def now(self) -> Instant:
        """The world's time."""
        return self.fetcher.now()

    def known(self, source: Source, station: Station) -> Standing | None:
        """How this source stood about this station after the last ask."""
        return self.state.standings.get(f"{station.code} {source.name}")

    def due(self, source: Source, station: Station) -> bool:
        """Is it time to ask again? After a failure always: the circuit decides then."""
        last = self.known(source, station)
        return last is None or not last.good or self.now - last.checked_at >= source.every

    def believe(self, source: Source, station: Station, issued_at: Instant) -> None:
        """Raises: Stale, when the vintage is too old, older than one we saw, or of the future."""
        last = self.known(source, station)
        young(source.name, issued_at, self.now, source.max_age, last.issued_at if last else None)

    def keep(self, source: Source, station: Station, answer: Answer) -> None:
        """The body as it came, for the archive."""
        if answer.body is not None:
            raw = Raw(source.name, station.code, answer.url, answer.received_at, answer.body)
            self.harvest.raw.append(raw)

    def left_out(self, name: str, station: Station, odd: Sequence[str]) -> None:
        """Elements of a good answer that could not be believed: the others count, and this is a failure to be seen."""
        if odd:
            self.harvest.failures[f"{station.code} {name} left out"] = f"{len(odd)} left out: {odd[0]}"

    async def about(self, source: Source, station: Station, job: Job) -> bool:
        """Do one job and note how the source stands now. The job gives the vintage it saw, or None for nothing new."""
        issued: Instant | None = None
        try:
            issued = await job()
        except Malformed as error:
            verdict, reason = "refused", str(error)
        except Unavailable as error:
            verdict, reason = "stale" if type(error).__name__ == "Stale" else "failed", str(error)
        else:
            verdict, reason = self._verdict(source, station, issued), ""
        self.note(source, station, verdict, issued, reason)
        return not reason

    def _verdict(self, source: Source, station: Station, issued: Instant | None) -> str:
        last = self.known(source, station)
        if issued is None:
            return "nothing new"
        return "unchanged" if last is not None and last.issued_at == issued else "fresh"

    def note(self, source: Source, station: Station, verdict: str, issued: Instant | None, reason: str = "") -> None:
        """Write down how a source stands; what was known before stays known."""
        key, now = f"{station.code} {source.name}", self.now
        last = self.state.standings.get(key, Standing("", now))
        fresh = issued is not None and issued != last.issued_at
        self.state.standings[key] = Standing(
            verdict, now, issued if issued is not None else last.issued_at, now if fresh else last.received_at, reason
        )
        if reason:
            self.harvest.failures[key] = reason
        else:
            self.harvest.good += 1
