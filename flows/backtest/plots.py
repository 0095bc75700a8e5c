"""The report's plots, as PNG data URIs. Knows figures, not files."""

import base64
import io
from collections.abc import Mapping, Sequence
from datetime import date

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from core.fair.distribution import Array
from flows.backtest.statistics import resampled
from flows.backtest.summary import HORIZONS, ArmLine, Line

mpl.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True,
                     "grid.alpha": 0.3})  # fmt: skip
COLOURS = {"pessimistic": "#b3473c", "base": "#22577a", "optimistic": "#3a9d5d"}


def uri(figure: Figure) -> str:
    """For an img element."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, bbox_inches="tight")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()


def curve(arms: Mapping[str, ArmLine], days: Sequence[date], names: Sequence[str]) -> str:
    """PnL so far, with the band in which the base model's resampled histories end up, drawn as it widens."""
    figure = Figure(figsize=(9, 3.6))
    axes = figure.subplots()
    base = arms["base"].daily
    if base is not None and len(base) > 1:
        mean, spread = base.mean(), (resampled(base).std() / len(base) ** 0.5)
        steps = np.arange(1, len(base) + 1)
        axes.fill_between(days, mean * steps - 1.96 * spread * steps**0.5, mean * steps + 1.96 * spread * steps**0.5,
                          color=COLOURS["base"], alpha=0.12, label="base: its mean ± 95 %")  # fmt: skip
    for name in names:
        daily = arms[name].daily if name in arms else None
        if daily is not None:
            axes.plot(days, np.cumsum(daily), label=name, color=COLOURS.get(name), lw=1.6 if name in COLOURS else 1.0)
    axes.axhline(0, color="black", lw=0.8)
    axes.set_ylabel("dollars")
    axes.legend(fontsize=8, ncols=2)
    figure.autofmt_xdate()
    return uri(figure)


def bars(lines: Sequence[Line], title: str) -> str:
    """PnL by group with intervals."""
    figure = Figure(figsize=(4.6, 0.42 * len(lines) + 1.1))
    axes = figure.subplots()
    y = np.arange(len(lines))
    total = np.array([line.pnl.total for line in lines])
    low, high = np.array([line.pnl.low for line in lines]), np.array([line.pnl.high for line in lines])
    known = np.array([line.pnl.known for line in lines])
    reach = np.where(known, np.maximum(np.vstack((total - low, high - total)), 0), 0)
    axes.barh(y, total, xerr=reach, color=["#3a9d5d" if t > 0 else "#b3473c" for t in total],
              error_kw={"lw": 1, "capsize": 2})  # fmt: skip
    axes.set_yticks(y, [line.name for line in lines])
    axes.invert_yaxis()
    axes.axvline(0, color="black", lw=0.8)
    axes.set_title(f"{title}: dollars, 95 % interval", fontsize=9)
    return uri(figure)


def markouts(arms: Mapping[str, ArmLine], names: Sequence[str]) -> str:
    """Cents a contract, from the fill to settlement."""
    figure = Figure(figsize=(4.6, 3.0))
    axes = figure.subplots()
    for name in names:
        if name in arms and arms[name].fills:
            values = [arms[name].spread, *(arms[name].markouts[h] for h in HORIZONS)]
            axes.plot(["fill", *HORIZONS], values, marker="o", ms=3, label=name, color=COLOURS.get(name))
    axes.axhline(0, color="black", lw=0.8)
    axes.set_ylabel("¢ a contract")
    axes.legend(fontsize=7)
    return uri(figure)


def histogram(daily: Array) -> str:
    """PnL of days."""
    figure = Figure(figsize=(4.6, 3.0))
    axes = figure.subplots()
    axes.hist(daily, bins=40, color=COLOURS["base"])
    axes.set_xlabel("dollars a day, base model")
    axes.set_ylabel("days")
    return uri(figure)


def scatter(points: Sequence[tuple[str, float, float, bool]], title: str, axis: tuple[str, str]) -> str:
    """Named points: in-sample against out-of-sample, for a sweep; the chosen one is filled."""
    figure = Figure(figsize=(5.5, 4.2))
    axes = figure.subplots()
    for name, x, y, chosen in points:
        axes.plot(x, y, "o", ms=6 if chosen else 4, color="#22577a" if chosen else "#9aa5ad")
        if chosen or len(points) <= 12:
            axes.annotate(name, (x, y), fontsize=7, xytext=(3, 3), textcoords="offset points")
    axes.axhline(0, color="black", lw=0.8)
    axes.axvline(0, color="black", lw=0.8)
    axes.set_xlabel(axis[0])
    axes.set_ylabel(axis[1])
    axes.set_title(title, fontsize=9)
    return uri(figure)
