"""`kwm score DATASET --from DATE --out FILE`: the production model, walked forward over a dataset folder."""

import json
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.errors import SettingsError
from core.fair.cases import Cases
from core.fair.distribution import DEGREES, Array
from core.fair.walk import climatology, reference, walk
from flows import dataset

MODELS = {"emos": walk, "reference": reference, "climatology": climatology}


def score(
    folder: Annotated[Path, typer.Argument(help="a folder with forecasts.parquet, outcomes.parquet, ...")],
    since: Annotated[str, typer.Option("--from", help="first climate day to predict, YYYY-MM-DD")],
    out: Annotated[Path, typer.Option("--out", help="Parquet file to write the predictions to")],
    model: Annotated[str, typer.Option("--model", help=f"one of {', '.join(MODELS)}")] = "emos",
) -> None:
    """Predict every forecast row of a dataset with what was known before it; one pmf a row."""
    try:
        first = date.fromisoformat(since)
    except ValueError:
        raise SettingsError(f"--from {since}: not a date like 2026-01-31") from None
    if model not in MODELS:
        raise SettingsError(f"--model {model}: there are {', '.join(MODELS)}")
    began = time.perf_counter()
    opened = dataset.open_dataset(folder)
    cases = dataset.read(opened)
    number = dataset.day_number(first)
    found = MODELS[model](cases, number)
    wanted = np.flatnonzero(cases.day >= number)
    if not len(wanted):
        raise SettingsError(f"{folder}: no forecast for a climate day from {since} on")
    write(cases, found, wanted, out, opened.columns("forecasts")["issued_at"])
    typer.echo(f"{len(wanted)} predictions by {model} in {time.perf_counter() - began:.1f} s: {out}")


def write(cases: Cases, found: Array, wanted: Array, out: Path, moment: str = "TIMESTAMPTZ") -> None:
    """One row a case: station, variable, climate_day, issued_at (of type `moment`, UTC), k_min, pmf."""
    out.parent.mkdir(parents=True, exist_ok=True)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as room:
        lines = Path(room) / "predictions.ndjson"
        with lines.open("w", encoding="utf-8") as file:
            for i in wanted:
                kept = np.flatnonzero(found[i] > 1e-12)
                first, last = int(kept[0]), int(kept[-1]) + 1
                pmf = found[i, first:last] / found[i, first:last].sum()
                at = epoch + timedelta(microseconds=round(float(cases.at[i]) * 86_400_000) * 1000)
                file.write(json.dumps({
                    "station": cases.station[i], "variable": cases.variable[i],
                    "climate_day": dataset.day_of_number(int(cases.day[i])).isoformat(), "issued_at": at.isoformat(),
                    "k_min": int(DEGREES[first]), "pmf": [float(p) for p in pmf],
                }) + "\n")  # fmt: skip
        columns = (
            "{'station': 'VARCHAR', 'variable': 'VARCHAR', 'climate_day': 'DATE', 'issued_at': 'TIMESTAMPTZ',"
            " 'k_min': 'INTEGER', 'pmf': 'DOUBLE[]'}"
        )
        db = dataset.duckdb.connect()
        db.execute("SET TimeZone='UTC'; SET enable_progress_bar=false")
        rows = f"read_json('{lines}', format='newline_delimited', columns={columns})"
        target = str(out).replace("'", "''")
        db.execute(
            f"COPY (SELECT * REPLACE (issued_at::{moment} AS issued_at) FROM {rows}) TO '{target}' (FORMAT parquet)"
        )
