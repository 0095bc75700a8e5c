"""`kwm score DATASET --from DATE --out FILE`: the production model, walked forward over a dataset folder."""

import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from core.errors import SettingsError
from core.fair.cases import Cases
from core.fair.distribution import DEGREES, Array
from core.fair.walk import climatology, outcomes_of, reference, usual, walk
from flows import dataset
from flows.dataset import Asked, Dataset

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
    number = dataset.day_number(first)
    forecasts = dataset.forecasts(opened)
    wanted = [a for a in forecasts.asked if a.day >= number]
    if not wanted:
        raise SettingsError(f"{folder}: no forecast for a climate day from {since} on")
    cases = dataset.read(opened, forecasts)
    count = write(opened, answers(cases, MODELS[model](cases, number), wanted), out)
    typer.echo(f"{count} predictions by {model} in {time.perf_counter() - began:.1f} s: {out}")


def answers(cases: Cases, found: Array, wanted: Sequence[Asked]) -> Iterator[tuple[list[int], Array]]:
    """(rows of the forecasts table, their pmf): of the case at the moment that is asked. Where nothing fresh was known
    then, there is none: what was last said of the station-day, or what is usual there."""
    rows: dict[tuple[str, str, int, float], list[int]] = {}
    for a in wanted:
        rows.setdefault((a.station, a.variable, a.day, a.at), []).append(a.row)
    said: dict[tuple[str, str, int], list[int]] = {}  # cases are in order of time
    for i in range(len(cases)):
        said.setdefault((cases.station[i], cases.variable[i], int(cases.day[i])), []).append(i)
    outcomes = outcomes_of(cases)
    for (station, variable, day, at), its in rows.items():
        last = next((i for i in reversed(said.get((station, variable, day), ())) if cases.at[i] <= at), None)
        yield its, usual(outcomes.get((station, variable)), day, at) if last is None else found[last]


def write(opened: Dataset, answered: Iterable[tuple[list[int], Array]], out: Path) -> int:
    """One row for each different (station, variable, climate_day, issued_at), written as the forecasts have them, with
    k_min and pmf. How many."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as room:
        lines = Path(room) / "predictions.ndjson"
        with lines.open("w", encoding="utf-8") as file:
            for rows, probabilities in answered:
                kept = np.flatnonzero(probabilities > 1e-12)
                pmf = probabilities[kept[0] : kept[-1] + 1]
                line = {"rows": rows, "k_min": int(DEGREES[kept[0]]), "pmf": (pmf / pmf.sum()).tolist()}
                file.write(json.dumps(line) + "\n")
        columns = "{'rows': 'BIGINT[]', 'k_min': 'INTEGER', 'pmf': 'DOUBLE[]'}"
        target = str(out).replace("'", "''")
        found = opened.db.execute(f"""
            COPY (
                SELECT station, variable, climate_day, issued_at, k_min, pmf
                FROM (SELECT unnest(rows) AS number, k_min, pmf
                      FROM read_json('{lines}', format = 'newline_delimited', columns = {columns})) AS answered
                JOIN {opened.named("forecasts")} AS forecasts ON forecasts.file_row_number = answered.number
                QUALIFY row_number() OVER (
                    PARTITION BY station, variable, climate_day, issued_at ORDER BY number) = 1
                ORDER BY number
            ) TO '{target}' (FORMAT parquet)""").fetchall()
    return int(found[0][0])
