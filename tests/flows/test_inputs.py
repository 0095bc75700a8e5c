"""What the lake knows of a thing that was said twice: always the same of the two, and the one that counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from core import config
from core.clock import Clock
from core.config import Settings
from core.contract import Market
from core.exchange.listing import listed_now
from core.fair.live import Known
from core.station_day import StationDay, Variable
from core.stations import BY_CODE
from core.storage import lake
from core.units import HOUR, MINUTE, Instant, instant, iso
from core.weather import nws
from core.weather.harvest_round import Harvest
from core.weather.rows import ClimateRow, ObservationRow
from core.weather.standing import State
from core.weather.world import World
from flows import history, ingest, inputs, publish
from flows import rows as flow_rows
from flows.base import Context

pytestmark = pytest.mark.slow

DAY = StationDay(BY_CODE["KNYC"], Variable.HIGH, date(2026, 7, 9))
AT, FIRST, LATER = (instant(f"2026-07-09T{t}:00Z") for t in ("17:51", "17:56", "18:20"))
NOW = instant("2026-07-09T18:30:00Z")
WRONG = "KNYC 091751Z AUTO 00000KT 10SM CLR 44/18 A3001 RMK AO2 SLP150 T04440180 56010"
RIGHT = "KNYC 091751Z COR 00000KT 10SM CLR 28/18 A3001 RMK AO2 SLP150 T02780180 56010"
SAME = WRONG.replace("44/18", "28/18").replace("T0444", "T0278")
GROUPS = RIGHT.replace("56010", "10283 20200 56010")


@dataclass
class At:
    """A clock that stands."""

    at: Instant

    def now(self) -> Instant:
        return self.at


def reports(raw: str, received_at: Instant) -> list[ObservationRow]:
    """The answer that holds this one report."""
    feature = {"properties": {"timestamp": iso(AT), "rawMessage": raw, "temperature": None}}
    return nws.observations(msgspec.json.encode({"features": [feature]}), BY_CODE["KNYC"], received_at)


@dataclass
class Lake:
    """A lake, and harvests written to it as the flow writes them."""

    data: Path
    settings: Settings
    runs: int = 0

    def write(
        self, at: Instant, observations: Sequence[ObservationRow] = (), climate: Sequence[ClimateRow] = ()
    ) -> dict[str, int]:
        self.runs += 1
        context = Context(self.settings, cast("Clock", At(at)), self.data, f"r{self.runs}")
        return ingest.write.fn(
            context, ingest.Fetched(Harvest(observations=[*observations], climate=[*climate]), State()), "first"
        )

    def reports(self) -> list[ClimateRow]:
        """The climate reports: what is learnt from, and what is published from."""
        return self._both(lambda known: known.climate, inputs.climate, history._REPORTS, 120)

    def known(self) -> list[ObservationRow]:
        """What is published from; the past must be learnt from the same."""
        return self._both(lambda known: known.observations, inputs.observation, history._OBSERVATIONS, 48)

    def _both[R](
        self, of: Callable[[Known], Sequence[R]], row: Callable[[dict[str, Any]], R], past: str, hours: int
    ) -> list[R]:
        with lake.connect(self.data) as db:
            found = list(of(inputs.inputs(db, NOW)))
            since = {"since": iso(Instant(NOW - hours * HOUR)), "now": iso(NOW)}
            assert found == [row(one) for one in inputs.rows_of(db, past, since)]
        return found


@pytest.fixture
def a_lake(tmp_path: Path) -> Lake:
    (tmp_path / "live").mkdir()
    return Lake(tmp_path, config.load({}))


def test_a_correction_that_comes_later_replaces_the_report(a_lake: Lake) -> None:
    a_lake.write(FIRST, reports(WRONG, FIRST))
    a_lake.write(LATER, reports(RIGHT, LATER))
    (known,) = a_lake.known()
    assert known.raw == RIGHT and known.received_at == LATER


@pytest.mark.parametrize("order", [(WRONG, RIGHT), (RIGHT, WRONG)])
def test_of_a_report_and_its_correction_in_one_answer_the_correction_counts(
    a_lake: Lake, order: tuple[str, str]
) -> None:
    a_lake.write(FIRST, [row for raw in order for row in reports(raw, FIRST)])
    assert [row.raw for row in a_lake.known()] == [RIGHT]


def test_however_many_versions_there_are_the_last_one_counts(a_lake: Lake) -> None:
    """In one file of many rows the first that a scan meets is seldom the newest."""
    (one,) = reports(RIGHT, FIRST)
    versions = [
        msgspec.structs.replace(one, low_f=70.0 + k, high_f=70.2 + k, received_at=Instant(FIRST + k * MINUTE))
        for k in range(20)
    ]
    a_lake.write(LATER, versions[10:] + versions[:10])
    assert a_lake.known() == [versions[-1]]


def test_a_correction_that_only_adds_a_six_hour_group_enters_the_lake_and_is_written_once(a_lake: Lake) -> None:
    a_lake.write(FIRST, reports(SAME, FIRST))
    assert a_lake.write(LATER, reports(GROUPS, LATER)) == {"observations": 1}
    (known,) = a_lake.known()
    assert (known.max_6h_f, known.min_6h_f) == (83, 68)
    for raw in (SAME, GROUPS):
        assert a_lake.write(NOW, reports(raw, NOW)) == {}, "read again, it is no other report"


def test_a_product_that_tells_of_two_days_or_read_twice_is_each_day_once(a_lake: Lake) -> None:
    def final(day: date, high: int, received_at: Instant, station: str = "KNYC") -> ClimateRow:
        issued = Instant(StationDay(BY_CODE[station], Variable.HIGH, day).end + 9 * HOUR)
        return ClimateRow(station=station, product="CLINYC", day=day, issued_at=issued, received_at=received_at,
                          final=True, as_of="", correction="", max_f=high, min_f=60, product_id="one")  # fmt: skip

    today = DAY.day
    before = [today - timedelta(days=k) for k in (2, 3)]
    rows = [final(before[0], 80, FIRST), final(before[1], 81, FIRST), final(before[0], 82, FIRST, "KEWR")]
    a_lake.write(FIRST, climate=rows[:2])
    lake.commit(a_lake.data, "again", LATER, {
        "climate_reports": [flow_rows.weather(row) for row in (rows[2], final(before[0], 79, LATER))]
    })  # fmt: skip
    key = lambda row: (row.station, row.day)  # noqa: E731 - one line
    assert [r.max_f for r in a_lake.reports()] == [r.max_f for r in sorted(rows, key=key)]


def test_nothing_is_published_of_a_day_that_ended_while_it_was_priced(tmp_path: Path) -> None:
    """The day of 25 hours on the wall: New York's 1 November has 24 of its own, and is over at 05:00 UTC."""
    ends = instant("2026-11-02T05:00:00Z")
    listed = listed_now((BY_CODE["KNYC"], BY_CODE["KMDW"]), World(1), Instant(ends - MINUTE))
    events: dict[str, list[Market]] = {}
    for market in listed:
        if market.open_at < ends - MINUTE < market.close_at:
            events.setdefault(market.event_ticker, []).append(market)

    def priced(now: Instant) -> set[str]:
        c = Context(config.load({}, None), Clock(1.0, 0, now, wall=lambda: 0), tmp_path, "run")
        said = publish.price.fn(c, events, Known(), None, {})
        return {e.event_ticker for e in said.events} | set(said.withheld)

    over = {"KXHIGHNY-26NOV01", "KXLOWTNYC-26NOV01"}
    assert over < priced(Instant(ends - 1)) == set(events)
    assert priced(ends) == set(events) - over, "Chicago's goes on for another hour"
