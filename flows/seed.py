"""The first start of the embedded world: its last 60 days into the lake, so that charts have something true to show.

Only for the embedded weather: forecasts at their issue times, official values, hourly observations of the last week,
and the exchange's settled events.
"""

import asyncio
from datetime import date, timedelta

from prefect import flow, task

from core.errors import SettingsError
from core.exchange.catalog import Listing
from core.station_day import StationDay, Variable
from core.stations import Station
from core.storage import lake, views
from core.storage.files import write_whole
from core.units import DAY, HOUR, MINUTE, Instant, iso, to_datetime
from core.weather.world import World, issue_time
from flows import rows
from flows.base import Context, catalog, context, passing, run_name
from flows.rows import Row

DAYS = 60


@task(name="recall the weather", timeout_seconds=300)
def recall(c: Context) -> dict[str, list[Row]]:
    """Forecasts (leads 0 to 2), climate reports and observations of the past."""
    world, now = World(1), c.now
    today = to_datetime(now).date()
    tables: dict[str, list[Row]] = {"forecasts": [], "climate_reports": [], "observations": []}
    for station in c.settings.events.stations():
        for k in range(1, DAYS + 1):
            _day(world, station, today - timedelta(days=k), now, tables)
        for hour in range(7 * 24):
            at = Instant((now - hour * HOUR) // HOUR * HOUR - 7 * MINUTE)
            value = round(world.observed(station, at))
            tables["observations"].append({
                "station": station.code, "observed_at": iso(at), "received_at": iso(Instant(at + 6 * MINUTE)),
                "kind": "metar", "low_f": value - 0.09, "high_f": value + 0.09, "raw": "",
            })  # fmt: skip
    return tables


def _day(world: World, station: Station, day: date, now: Instant, tables: dict[str, list[Row]]) -> None:
    for variable in Variable:
        start = StationDay(station, variable, day).start
        for lead in range(3):
            issued = issue_time(Instant(start - lead * DAY + 7 * HOUR))
            tables["forecasts"].append({
                "station": station.code, "variable": variable.value, "day": day.isoformat(), "source": "nws_grid",
                "issued_at": iso(issued), "received_at": iso(Instant(issued + 2 * MINUTE)),
                "value_f": world.forecast(station, variable, day, issued),
            })  # fmt: skip
    issued = world.final_at(station, Variable.HIGH, day)
    if issued <= now:
        tables["climate_reports"].append({
            "station": station.code, "product": station.climate_product, "day": day.isoformat(),
            "issued_at": iso(issued), "received_at": iso(Instant(issued + MINUTE)), "final": True, "as_of": "",
            "correction": "", "max_f": world.truth(station, Variable.HIGH, day),
            "min_f": world.truth(station, Variable.LOW, day),
            "product_id": f"{station.site.lower()}-{day.isoformat()}-final",
        })  # fmt: skip


@task(name="recall settled events", retries=3, retry_delay_seconds=[2, 5, 15], retry_condition_fn=passing)
def settled(c: Context) -> Listing:
    """What the exchange settled in the past."""
    return asyncio.run(_settled(c))


async def _settled(c: Context) -> Listing:
    reader = catalog(c)
    try:
        fees, _ = await reader.series_fees()
        found = Listing()
        for series, one in fees.items():
            if c.settings.events.wants(series):
                found.markets += (await reader.settled(series, one)).markets
        return found
    finally:
        await reader.sdk.close()


@flow(name="seed", flow_run_name=run_name, timeout_seconds=600, description="The embedded world's last 60 days, once.")
def seed() -> dict[str, int]:
    """Rows written, by table; nothing on a second call."""
    c = context()
    if c.settings.weather.source != "embedded" or c.settings.exchange.environment != "embedded":
        raise SettingsError("seed: only the embedded world has a made-up past; real history is ingested as it happens")
    marker = c.data / "lake" / "seeded"
    if marker.exists():
        return {}
    tables = recall(c)
    past = settled(c)
    now = c.now
    counts = lake.commit(c.data, "seed", Instant(now - DAY), tables | {
        "markets": [rows.market(m, m.close_at) for m in past.markets],
    })  # fmt: skip
    write_whole(marker, iso(now).encode())
    views.build(c.data)
    return counts
