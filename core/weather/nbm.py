"""The National Blend of Models' probabilistic bulletin (NBP), text to percentiles of each day's extremes. Pure.

TXNMN and TXNSD are mean and standard deviation, TXNP1 P2 P5 P7 P9 the 10, 25, 50, 75 and 90 % points, whole degrees F
(NBM text card v5.0). Cycles 01, 07, 13 and 19 UTC have them; the blocks' layout is `mos.py`'s affair.
"""

from core.errors import Malformed
from core.stations import Station
from core.units import HOUR, Instant
from core.weather import mos
from core.weather.rows import ForecastRow, QuantileRow

SOURCE = "nbm"
_LINES = ("TXNMN", "TXNSD", "TXNP1", "TXNP2", "TXNP5", "TXNP7", "TXNP9")
_WIDEST_SD = 40


def percentiles(body: bytes, station: Station, received_at: Instant) -> list[QuantileRow]:
    """One row a station-day, in order. A day of which a number is missing has none.

    Raises: Malformed when a line is missing, percentiles descend or a spread is impossible: it was read wrongly then.
    """
    found = mos.block(body, station, frozenset({"NBP"}))
    missing = [name for name in _LINES if name not in found.rows]
    if missing:
        raise Malformed("NBP", found.station, f"no line {', '.join(missing)}")
    rows = []
    for column, valid in enumerate(found.valid_at):
        mean, sd, *points = (mos.degrees(found.rows[name][column]) for name in _LINES)
        about = mos.station_day_of(valid, station)
        known = [p for p in points if p is not None]
        if about is None or mean is None or sd is None or len(known) < len(points):
            continue
        if known != sorted(known) or not 0 <= sd <= _WIDEST_SD:
            raise Malformed("NBP", (mean, sd, known), f"no distribution, {(valid - found.issued_at) // HOUR} h ahead")
        rows.append(
            QuantileRow(station=station.code, variable=about[0], day=about[1], source=SOURCE, mean_f=mean, sd_f=sd,
                        issued_at=found.issued_at, received_at=received_at,
                        forecast_hour=(valid - found.issued_at) // HOUR, p10_f=known[0], p25_f=known[1],
                        p50_f=known[2], p75_f=known[3], p90_f=known[4])
        )  # fmt: skip
    if not rows:
        raise Malformed("NBP", found.station, "no day with all its percentiles")
    return rows


def means(rows: list[QuantileRow]) -> list[ForecastRow]:
    """The same as one number a station-day, for those who want one."""
    return [
        ForecastRow(station=r.station, variable=r.variable, day=r.day, source=SOURCE, issued_at=r.issued_at,
                    received_at=r.received_at, value_f=r.mean_f)
        for r in rows
    ]  # fmt: skip
