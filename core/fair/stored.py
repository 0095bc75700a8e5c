"""A fitted pricer as bytes and back: what the nightly fit writes and every publication reads. Pure.

Numbers are written in full, so that what is read predicts exactly what was fitted.
"""

from typing import Any

import msgspec
import numpy as np

from core.errors import Malformed
from core.fair import emos
from core.fair.assemble import Pricer
from core.fair.coefficients import Prior
from core.fair.features import Context
from core.fair.past import Error, collect
from core.fair.weights import Weights
from core.station_day import Variable

Pair = tuple[list[float], list[float]]


class Stored(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file. `errors` are columns in the order of `past.Error`."""

    version: str
    fitted_at: float
    rows: int
    context: dict[str, Any]
    prior: dict[str, Any]
    pooled: Pair | None
    groups: dict[str, Pair]
    stations: dict[str, Pair]
    shapes: dict[str, list[float]]
    station_shapes: dict[str, tuple[float, list[float]]]
    errors: list[tuple[str, str, int, int, float, float, float]]
    weights: dict[str, float]
    phases: dict[str, float]


_DECODER = msgspec.json.Decoder(Stored)


def encode(pricer: Pricer, errors: list[Error]) -> bytes:
    """To JSON. `errors` are those that `pricer.past` holds."""
    m = pricer.model
    rows = [(e.station, e.variable, e.lead, e.day, e.at, e.known, e.error) for e in errors]
    return msgspec.json.encode(Stored(
        m.version, m.fitted_at, m.rows,
        {"stations": m.context.stations, "names": m.context.names, "variables": m.context.variables,
         "observed": m.context.observed, "promised": m.context.promised, "climate": m.context.climate,
         "patterns": m.context.patterns},
        {"version": m.prior.version, "bias": {v.value: list(x) for v, x in m.prior.bias.items()},
         "sd": {v.value: list(x) for v, x in m.prior.sd.items()}, "station_sd": dict(m.prior.station_sd)},
        None if m.pooled is None else _pair(m.pooled), {n: _pair(s) for n, s in m.groups.items()},
        {n: _pair(s) for n, s in m.stations.items()}, {n: s.tolist() for n, s in m.shapes.items()},
        {n: (share, s.tolist()) for n, (share, s) in m.station_shapes.items()}, rows,
        dict(pricer.weights.of), dict(pricer.weights.phases),
    ))  # fmt: skip


def decode(raw: bytes) -> Pricer:
    """From JSON. Raises: Malformed, also for a file of another version of the model."""
    try:
        s = _DECODER.decode(raw)
        context = Context(
            tuple(s.context["stations"]), tuple(s.context["names"]), tuple(s.context["variables"]),
            tuple(s.context["observed"]), tuple(s.context["promised"]), dict(s.context["climate"]),
            list(s.context["patterns"]),
        )  # fmt: skip
        prior = Prior(
            s.prior["version"], {v: tuple(s.prior["bias"][v.value]) for v in Variable},
            {v: tuple(s.prior["sd"][v.value]) for v in Variable}, dict(s.prior["station_sd"]),
        )  # fmt: skip
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise Malformed("fitted model", raw[:40], str(error)) from error
    if s.version != emos.VERSION:
        raise Malformed("fitted model", s.version, f"this program fits and reads {emos.VERSION}")
    model = emos.Model(
        s.version, s.fitted_at, s.rows, context, prior, None if s.pooled is None else _arrays(s.pooled),
        {n: _arrays(p) for n, p in s.groups.items()}, {n: _arrays(p) for n, p in s.stations.items()},
        {n: np.array(x) for n, x in s.shapes.items()},
        {n: (share, np.array(x)) for n, (share, x) in s.station_shapes.items()},
    )  # fmt: skip
    return Pricer(model, collect(Error(*e) for e in s.errors), Weights(s.weights, s.phases))


def unfitted(prior: Prior) -> Pricer:
    """Before anything was learnt: the committed numbers, no errors, the weight's prior."""
    return Pricer(emos.Model(emos.VERSION, 0.0, 0, Context((), (), (), (), (), {}), prior), collect(()), Weights())


def _pair(stage: emos.Stage) -> Pair:
    return stage[0].tolist(), stage[1].tolist()


def _arrays(pair: Pair) -> emos.Stage:
    return np.array(pair[0]), np.array(pair[1])
