"""What was published against what happened: model, market, blend and climatology side by side; the drift alarm."""

import base64
import io
from collections import defaultdict
from datetime import date

import duckdb
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.events import emit_event

from core.contract import Bracket
from core.fair import verify
from core.fair.live import days_since, number
from core.fair.verify import Told
from core.fair.weights import phase_of
from core.station_day import StationDay, Variable
from core.stations import STATIONS
from core.storage import lake
from core.units import DAY, Instant, from_datetime, iso
from flows.base import Context, context, whole
from flows.samples import samples

SCORED_DAYS = 60
_BY_CODE = {s.code: s for s in STATIONS}
_BELIEFS = samples("v.partition_date >= $since::TIMESTAMPTZ::DATE - 3", "day >= $since::DATE")
_OFFICIAL = "SELECT station, day, high_f, low_f FROM official_values"


@task(name="what was believed", timeout_seconds=300)
def told(c: Context) -> list[Told]:
    """Every settled event's published ladders, every three hours, beside climatology."""
    with lake.connect(c.data) as db:
        return beliefs(db, c.now)


def beliefs(db: duckdb.DuckDBPyConnection, now: Instant) -> list[Told]:
    """See `told`."""
    known: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)
    for station, day, high, low in db.execute(_OFFICIAL).fetchall():
        for variable, value in (("high", high), ("low", low)):
            if value is not None:
                known[(station, variable)].append((number(day), float(value)))
    ladders: dict[tuple[str, Instant], list[tuple[object, ...]]] = defaultdict(list)
    since = {"since": iso(Instant(now - SCORED_DAYS * DAY))}
    for row in db.execute(_BELIEFS, since).fetchall():
        ladders[(row[0], from_datetime(row[1]))].append(row[2:])
    found = []
    for (event, at), ladder in ladders.items():
        station, variable, day, lows, highs, model, market, fair, paid = zip(*ladder, strict=True)
        if sum(bool(p) for p in paid) != 1 or station[0] not in _BY_CODE:
            continue
        assert isinstance(day[0], date), "a DATE column"
        about = StationDay(_BY_CODE[str(station[0])], Variable(str(variable[0])), day[0])
        when = number(day[0])
        own = [v for d, v in known[(about.station.code, about.variable.value)]
               if d < when - 1 and abs((d - when + 182.6) % 365.24 - 182.6) <= 30]  # fmt: skip
        shapes = [Bracket(a if isinstance(a, int) else None, b if isinstance(b, int) else None)
                  for a, b in zip(lows, highs, strict=True)]  # fmt: skip
        said = {"model": _floats(model), "market": _floats(market), "blend": _floats(fair),
                "climatology": verify.climatology(own, shapes)}  # fmt: skip
        found.append(Told(about.station.code, about.variable.value, phase_of(about, at), event, when,
                          {who: p for who, p in said.items() if p is not None},
                          [bool(p) for p in paid].index(True)))  # fmt: skip
    return found


def _floats(values: tuple[object, ...]) -> tuple[float, ...] | None:
    return None if any(v is None for v in values) else tuple(float(str(v)) for v in values)


@task(name="write the scores")
def write(c: Context, found: list[Told]) -> dict[str, int]:
    """One row by who, station, variable and phase."""
    at = lake.at_text(c.now)
    rows = [{"scored_at": at, "days": SCORED_DAYS, **s._asdict()} for s in verify.scores(found)]
    return lake.commit(c.data, f"score-{c.run}", c.now, {"scores": rows})


def plots(found: list[Told]) -> bytes:
    """PNG: reliability of each, and the histogram of the model's PIT."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    left.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for who in verify.WHO:
        points = verify.reliability(found, who)
        left.plot([p for p, _, _ in points], [h for _, h, _ in points], "o-", markersize=4, label=who)
    left.set(xlabel="probability", ylabel="share that paid", title="Reliability")
    left.legend(frameon=False)
    right.hist(verify.pits(found, "model"), bins=10, range=(0, 1), density=True)
    right.axhline(1.0, color="grey", linewidth=0.8)
    right.set(xlabel="PIT of the model", title="Flat is calibrated")
    body = io.BytesIO()
    figure.tight_layout()
    figure.savefig(body, format="png", dpi=90)
    plt.close(figure)
    return body.getvalue()


@flow(name="score", timeout_seconds=600, description="Model, blend, market and climatology against what happened.")
def score() -> str:
    """The drift in words. Fails, after writing, when the model has drifted."""
    c = context()
    found = told(c)
    if not found:
        return "no settled event with a published belief yet"
    write(c, whole(found))
    table = [s._asdict() for s in verify.scores(found) if s.station == "all"]
    create_table_artifact(key="scores", table=table, description=f"the last {SCORED_DAYS} days, all stations")
    drift = verify.drift(found, int(days_since(c.now)))
    picture = base64.b64encode(plots(found)).decode()
    create_markdown_artifact(
        key="calibration",
        markdown=f"# Calibration\n\n{len(found)} moments of {len({t.event for t in found})} settled events.\n\n"
        f"{drift.words}\n\n![reliability and PIT](data:image/png;base64,{picture})",
        description=drift.words,
    )
    if drift.drifted:
        get_run_logger().error(drift.words)
        emit_event(event="model.drifted", resource={"prefect.resource.id": "kwm.model"}, payload={"words": drift.words})
        raise RuntimeError(drift.words)
    return drift.words
