"""The plots of reports: rows of a mart in, a PNG out. Quiet colours, legible on white and in print."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

Rows = Sequence[tuple[Any, ...]]
_PARTS = (("spread", 2, "#2a9d8f"), ("adverse", 3, "#e76f51"), ("settlement", 4, "#457b9d"), ("fees", 5, "#9a9a9a"))


def _axes(width: float = 7.5, height: float = 3.2) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    axes.set_axisbelow(True)
    return figure, axes


def _png(figure: Any) -> bytes:
    out = BytesIO()
    figure.savefig(out, format="png")
    return out.getvalue()


def attribution(rows: Rows) -> bytes:
    """(station, pnl, spread, adverse, settlement, fees, ...): stacked bars, the sum as a dot."""
    figure, axes = _axes()
    stations = [row[0] for row in rows]
    above, below = [0.0] * len(rows), [0.0] * len(rows)
    for name, k, colour in _PARTS:
        values = [float(row[k] or 0) for row in rows]
        starts = [above[i] if v >= 0 else below[i] for i, v in enumerate(values)]
        axes.bar(stations, values, bottom=starts, color=colour, label=name, width=0.7)
        for i, v in enumerate(values):
            if v >= 0:
                above[i] += v
            else:
                below[i] += v
    axes.plot(stations, [float(row[1]) for row in rows], "o", color="black", markersize=4, label="PnL")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylabel("dollars")
    axes.tick_params(axis="x", rotation=60, labelsize=8)
    axes.legend(fontsize=8, ncols=5, frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.16))
    return _png(figure)


def curve(rows: Rows) -> bytes:
    """(quarter, pnl, worst case, ...): PnL through the day, and the worst case on its own axis."""
    figure, axes = _axes()
    times = [row[0] for row in rows]
    axes.plot(times, [row[1] for row in rows], color="#2a9d8f", label="PnL")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylabel("PnL, dollars")
    other = axes.twinx()
    other.plot(times, [row[2] for row in rows], color="#e76f51", linewidth=1, linestyle="--", label="worst case")
    other.set_ylabel("worst-case loss, dollars")
    other.set_ylim(bottom=0)
    other.spines["top"].set_visible(False)
    from matplotlib.dates import DateFormatter

    axes.xaxis.set_major_formatter(DateFormatter("%H:%M", tz="UTC"))
    axes.set_xlabel("UTC")
    figure.legend(fontsize=8, ncols=2, frameon=False, loc="outside upper center")
    return _png(figure)


def markouts(rows: Rows) -> bytes:
    """(side, fills, 10 s, 1 min, 5 min, 30 min, settlement): cents a contract by horizon."""
    figure, axes = _axes(height=2.8)
    horizons = ("10 s", "1 min", "5 min", "30 min", "settled")
    for row, colour in zip(rows, ("#457b9d", "#e76f51"), strict=False):
        known = [(h, float(v)) for h, v in zip(horizons, row[2:7], strict=True) if v is not None]
        axes.plot([h for h, _ in known], [v for _, v in known], "o-", color=colour, label=f"{row[0]} ({row[1]} fills)")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_ylabel("cents a contract")
    axes.legend(fontsize=8, frameon=False)
    return _png(figure)


def reliability(rows: Rows) -> bytes:
    """(who, mean belief, share that happened, beliefs): the diagonal is honesty."""
    figure, axes = _axes(4.2, 4.0)
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linewidth=1)
    for who, colour in (("fair", "#2a9d8f"), ("model", "#457b9d"), ("market", "#e76f51")):
        own = [row for row in rows if row[0] == who]
        sizes = [8 + 40 * min(1.0, row[3] / 500) for row in own]
        axes.plot([row[1] for row in own], [row[2] for row in own], color=colour, linewidth=1, label=who)
        axes.scatter([row[1] for row in own], [row[2] for row in own], s=sizes, color=colour)
    axes.set_xlabel("called")
    axes.set_ylabel("happened")
    axes.legend(fontsize=8, frameon=False)
    return _png(figure)


def beliefs(rows: Rows) -> bytes:
    """(station, variable, mean, sd, observed, ...): where each event's temperature is believed to end."""
    figure, axes = _axes(height=max(2.2, 0.24 * len(rows)))
    known = [row for row in rows if row[2] is not None]
    names = [f"{row[0]} {row[1]}" for row in known]
    axes.errorbar(
        [row[2] for row in known], names, xerr=[row[3] or 0 for row in known], fmt="o", markersize=4, color="#457b9d",
        elinewidth=1, label="belief ± 1 sd",
    )  # fmt: skip
    seen = [(row[4], name) for row, name in zip(known, names, strict=True) if row[4] is not None]
    axes.plot([v for v, _ in seen], [n for _, n in seen], "|", markersize=9, color="#e76f51", label="observed so far")
    axes.grid(axis="x", color="#e6e6e6", linewidth=0.6)
    axes.tick_params(axis="y", labelsize=7)
    axes.set_xlabel("°F")
    axes.legend(fontsize=8, frameon=False)
    return _png(figure)
