"""`kwm score` on a small made dataset, and on the same dataset as other hands might have written it."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.errors import SettingsError
from core.fair.cases import Cases
from flows import dataset
from flows.score_command import score

pytestmark = pytest.mark.slow

SINCE = "2026-04-20"
TABLES = {
    "days": """
        SELECT station, climate_day, 55 + 12 * sin(dayofyear(climate_day) / 6.0) + 5 * sin(hash(climate_day) % 97) AS y
        FROM (VALUES ('KNYC'), ('KLAS')) AS s (station), range(DATE '2026-03-01', DATE '2026-05-01', INTERVAL 1 DAY)
            AS d (day), LATERAL (SELECT day::DATE AS climate_day)""",
    "outcomes": "SELECT station, 'high' AS variable, climate_day, round(y)::INTEGER AS value_f FROM days",
    "forecasts": """
        SELECT station, 'high' AS variable, climate_day, source, climate_day + ago AS issued_at, lead_days,
            round(y + spread * sin(hash(station, climate_day, source, lead_days) % 89), 1) AS value_f
        FROM days, (VALUES ('nws', 2.0), ('gfs_mos', 3.0)) AS s (source, spread),
            (VALUES (1, INTERVAL (-12) HOUR), (0, INTERVAL 1110 MINUTE)) AS i (lead_days, ago)""",
    "observations": """
        SELECT station, climate_day, climate_day + INTERVAL 18 HOUR AS observed_at,
            18.0 + CASE station WHEN 'KNYC' THEN -5 ELSE -8 END AS hour_local, round(y - 3) AS temp_f,
            round(y - 2) AS max_so_far_f
        FROM days""",
    "metars": """
        SELECT station, climate_day, seen AS observed_at, 'METAR ' || station || strftime(seen, ' %d%H%MZ')
            || ' AUTO 10SM CLR RMK AO2 ' || printf('T0%03d0050', round((temp_f - 32) / 0.18)::INTEGER) AS raw_metar
        FROM (SELECT *, observed_at - to_hours(h) AS seen FROM observations, range(10) AS hours(h))""",
    "nbm_percentiles": """
        SELECT station, 'high' AS variable, climate_day, climate_day - INTERVAL 14 HOUR AS issued_at,
            round(y - 3)::INTEGER AS p10_f, round(y)::INTEGER AS p50_f, round(y + 3)::INTEGER AS p90_f
        FROM days""",
}
FILES = ("forecasts", "outcomes", "observations", "nbm_percentiles")
NYC = "station = 'KNYC'"
SOME = "(source = 'nws' AND hash(climate_day) % 9 = 0)"
ALL_FORECASTS = "SELECT * FROM forecasts"


@dataclass
class Scored:
    """A folder that was scored; `db` holds the made tables as they are before any edit."""

    folder: Path
    db: duckdb.DuckDBPyConnection

    def scorable(self) -> list[tuple[object, ...]]:
        """Of each row of a forecast that has a value: is its prediction there, by all four columns?"""
        return self.db.execute(
            f"""SELECT f.station, f.climate_day, f.issued_at, k_min FROM {self.file("forecasts")} AS f
            LEFT JOIN {self.file("predictions")} AS p ON (f.station, f.variable, f.climate_day, typeof(f.issued_at))
                = (p.station, p.variable, p.climate_day, typeof(p.issued_at))
                AND f.issued_at IS NOT DISTINCT FROM p.issued_at AND typeof(f.climate_day) = typeof(p.climate_day)
            WHERE f.value_f IS NOT NULL AND f.climate_day::DATE >= DATE '{SINCE}' AND f.station IS NOT NULL
            ORDER BY ALL"""
        ).fetchall()

    def cases(self) -> Cases:
        return dataset.read(dataset.open_dataset(self.folder))

    def references(self) -> dict[tuple[str, int, float], float]:
        """The reference forecast of each case."""
        c = self.cases()
        return {(c.station[i], int(c.day[i]), round(c.at[i], 4)): float(c.ref[i]) for i in range(len(c))}

    def file(self, table: str) -> str:
        return f"read_parquet('{self.folder}/{table}.parquet', file_row_number = true)"

    def pmfs(self) -> dict[tuple[str, str, str], np.ndarray]:
        """Whole distributions by station, day, and the second of the issue."""
        found = {}
        for station, day, at, first, pmf in self.db.execute(
            f"""SELECT station, climate_day::DATE, date_trunc('second', issued_at::TIMESTAMPTZ), k_min, pmf
            FROM {self.file("predictions")}"""
        ).fetchall():
            whole = np.zeros(231)
            whole[first + 80 : first + 80 + len(pmf)] = pmf
            found[(station, str(day), str(at))] = whole
        return found


def scored(folder: Path, edits: dict[str, str], files: tuple[str, ...] = FILES, model: str = "reference") -> Scored:
    """The made dataset, with the tables of `edits` as their SQL says, scored."""
    folder.mkdir(exist_ok=True)
    db = duckdb.connect()
    db.execute("SET TimeZone='UTC'")
    for name, sql in TABLES.items():
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM ({sql}) ORDER BY ALL")
    db.execute("ALTER TABLE forecasts ALTER issued_at TYPE TIMESTAMPTZ")
    db.execute("ALTER TABLE observations ALTER observed_at TYPE TIMESTAMPTZ")
    for name in files:
        db.execute(f"COPY ({edits.get(name, f'FROM {name}')}) TO '{folder}/{name}.parquet' (FORMAT parquet)")
    score(folder, SINCE, folder / "predictions.parquet", model)
    return Scored(folder, db)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return scored(tmp_path_factory.mktemp("base"), {})


def test_a_forecast_is_predicted_once_however_many_sources_it_has(base: Scored) -> None:
    count = base.db.execute(f"SELECT count(*), count(DISTINCT (station, climate_day, issued_at)), typeof(any_value("
                            f"issued_at)) FROM {base.file('predictions')}").fetchone()  # fmt: skip
    assert count == (2 * 11 * 2, 2 * 11 * 2, "TIMESTAMP WITH TIME ZONE")
    assert all(abs(p.sum() - 1) < 1e-9 for p in base.pmfs().values())


def replaced(table: str, what: str) -> dict[str, str]:
    return {table: f"SELECT * REPLACE ({what}) FROM {table}"}


SAME = {
    "issued finer than a millisecond": replaced("forecasts", "issued_at + INTERVAL 123457 MICROSECOND AS issued_at"),
    "issued_at without a zone": replaced("forecasts", "issued_at::TIMESTAMP AS issued_at"),
    "issued_at in nanoseconds": replaced("forecasts", "issued_at::TIMESTAMP::TIMESTAMP_NS AS issued_at"),
    "issued_at as text": replaced("forecasts", "strftime(issued_at, '%Y-%m-%dT%H:%M:%SZ') AS issued_at"),
    "days as moments": {t: f"SELECT * REPLACE (climate_day::TIMESTAMP AS climate_day) FROM {t}" for t in FILES},
    "days as moments of forecasts only": replaced("forecasts", "climate_day::TIMESTAMP AS climate_day"),
    "days as text": {t: f"SELECT * REPLACE (climate_day::VARCHAR AS climate_day) FROM {t}" for t in FILES},
    "leads as doubles": replaced("forecasts", "lead_days::DOUBLE AS lead_days"),
    "no leads": {"forecasts": "SELECT * EXCLUDE (lead_days) FROM forecasts"},
    "values as decimals": replaced("forecasts", "value_f::DECIMAL(6, 2) AS value_f")
    | replaced("nbm_percentiles", "p50_f::DECIMAL(6, 1) AS p50_f"),
    "values as text": replaced("forecasts", "value_f::VARCHAR AS value_f"),
    "no hour": {"observations": "SELECT * EXCLUDE (hour_local) FROM observations"},
    "some hours": replaced("observations", f"CASE WHEN {NYC} THEN hour_local END AS hour_local"),
    "names in capitals": {"forecasts": "SELECT * RENAME (value_f AS Value_F, source AS SOURCE) FROM forecasts"},
}  # fmt: skip


@pytest.mark.parametrize("edits", SAME.values(), ids=SAME)
def test_the_physical_types_do_not_matter(base: Scored, edits: dict[str, str], tmp_path: Path) -> None:
    found = scored(tmp_path, edits)
    assert len(rows := found.scorable()) == 2 * 11 * 4 and all(row[-1] is not None for row in rows)
    assert_same(found.cases(), base.cases())
    assert found.pmfs().keys() == base.pmfs().keys()


def assert_same(found: Cases, base: Cases) -> None:
    """The same cases, but for the fraction of a second at which they were issued."""
    for column in dataclasses.fields(Cases):
        ours, theirs = getattr(found, column.name), getattr(base, column.name)
        if isinstance(theirs, np.ndarray) and theirs.dtype.kind == "f":
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5, err_msg=column.name)
        else:
            assert list(ours) == list(theirs), column.name


@pytest.mark.parametrize("more", ["", ", NULL::DOUBLE AS max_so_far_f",
                                  ", NULL::DOUBLE AS max_so_far_f, NULL::DOUBLE AS temp_f"])  # fmt: skip
def test_metars_observe_though_an_empty_column_of_the_other_layout_stands_beside_them(
    base: Scored, more: str, tmp_path: Path
) -> None:
    found, other = scored(tmp_path, {"observations": f"SELECT *{more} FROM metars"}).cases(), base.cases()
    assert found.observed.tolist() == other.observed.tolist() and found.observed.sum() == len(found) / 2
    np.testing.assert_allclose(found.temperature, other.temperature)
    np.testing.assert_allclose(found.hour, other.hour)


def test_observations_of_no_known_layout_are_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = scored(tmp_path, {"observations": "SELECT station, climate_day, observed_at, temp_f FROM observations"})
    assert len(found.cases()) and not found.cases().observed.any()
    assert "observations.parquet: neither max_so_far_f and temp_f nor raw_metar in it" in capsys.readouterr().err


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Scored:
    return scored(tmp_path_factory.mktemp("learnt"), {}, model="emos")


@pytest.mark.parametrize("value", ["'nan'", "'inf'", "1e6", "-999"])
def test_an_absurd_value_is_predicted_and_does_not_poison_what_is_learnt(
    learnt: Scored, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit = replaced("forecasts", f"CASE WHEN {SOME} THEN {value} ELSE value_f END AS value_f")
    found = scored(tmp_path, edit, model="emos")
    assert len(rows := found.scorable()) == 2 * 11 * 4 and all(row[-1] is not None for row in rows)
    ours, theirs = found.pmfs(), learnt.pmfs()
    assert np.median([np.abs(ours[k] - theirs[k]).sum() / 2 for k in theirs]) < 0.05
    assert f"forecasts.parquet: of {61 * 8} rows, without a usable value_f " in capsys.readouterr().err


SPOILT = {
    "no leads here and there": replaced("forecasts", f"CASE WHEN NOT {SOME} THEN lead_days END AS lead_days"),
    "no source": replaced("forecasts", f"CASE WHEN NOT {SOME} THEN source END AS source"),
    "no moment of issue": replaced("forecasts", f"CASE WHEN NOT {SOME} THEN issued_at END AS issued_at"),
    "no station": {"forecasts": f"{ALL_FORECASTS} UNION ALL SELECT * REPLACE (NULL AS station) FROM forecasts"},
    "no moment of observation": replaced("observations", f"CASE WHEN NOT ({NYC} AND hash(climate_day) % 9 = 0)"
                                         " THEN observed_at END AS observed_at"),
    "no number for a maximum": replaced("observations", f"CASE WHEN {NYC} AND hash(climate_day) % 9 = 0 THEN 'nan'"
                                        " ELSE max_so_far_f END AS max_so_far_f"),
    "an absurd outcome": replaced("outcomes", "CASE WHEN climate_day = '2026-03-09' THEN -999 ELSE value_f END"
                                  " AS value_f"),
    "percentiles of no order": replaced("nbm_percentiles", f"CASE WHEN {NYC} AND hash(climate_day) % 9 = 0 THEN 0"
                                        " ELSE p90_f END AS p90_f"),
}  # fmt: skip


@pytest.mark.parametrize("edits", SPOILT.values(), ids=SPOILT)
def test_a_spoilt_cell_is_counted_and_costs_no_other_row(
    base: Scored, edits: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = scored(tmp_path, edits)
    rows = found.scorable()
    assert len(rows) >= 2 * 11 * 3 and all(row[-1] is not None for row in rows)
    ours, theirs = found.references(), base.references()
    assert np.mean([ours.get(k) == ref for k, ref in theirs.items()]) > 0.8
    said = capsys.readouterr().err
    assert ("without a usable" in said) is (edits not in (SPOILT["no source"], SPOILT["no leads here and there"]))


def test_a_day_without_any_usable_forecast_is_predicted_from_what_was_known(tmp_path: Path) -> None:
    """At lead 0 by what was said at lead 1, at lead 1 by what is usual."""
    late, never = "climate_day = '2026-04-25' AND lead_days = 0", "climate_day = '2026-04-28'"
    gone = f"station = 'KLAS' AND ({late} OR {never})"
    found = scored(tmp_path, replaced("forecasts", f"CASE WHEN {gone} THEN -999 ELSE value_f END AS value_f"))
    assert all(row[-1] is not None for row in found.scorable())
    ours = found.pmfs()
    for day, at, low, high in (("2026-04-25", "2026-04-25 18:30:00+00:00", 0.0, 6.0),
                               ("2026-04-28", "2026-04-27 12:00:00+00:00", 5.0, 15.0)):  # fmt: skip
        p, degrees = ours[("KLAS", day, at)], np.arange(-80, 151)
        sd = float(p @ (degrees - p @ degrees) ** 2) ** 0.5
        assert low < sd < high


def test_percentiles_are_known_when_their_bulletin_is_out(tmp_path: Path) -> None:
    """65 minutes after the hour of their cycle."""
    for name, minutes in (("early", 64), ("late", 66)):
        (tmp_path / name).mkdir()
        scored(tmp_path / name, replaced("nbm_percentiles",
               f"climate_day - INTERVAL 12 HOUR - INTERVAL {minutes} MINUTE AS issued_at"))  # fmt: skip
        cases = dataset.read(dataset.open_dataset(tmp_path / name))
        assert bool(np.isnan(cases.quantile_sd[cases.lead == 1]).all()) is (name == "early")
        assert not np.isnan(cases.quantile_sd[cases.lead == 0]).any()


def test_forecasts_without_their_columns_are_an_error_that_names_them(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no climate_day, value_f in it"):
        scored(tmp_path, {"forecasts": "SELECT station, variable, source, issued_at FROM forecasts"})
