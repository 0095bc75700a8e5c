"""The report of a backtest: figures, plots and words into one HTML file that needs nothing beside it."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import jinja2

from core import config
from flows.backtest import answer, plots, summary
from flows.backtest.arms import WORDS
from flows.backtest.statistics import deflated
from flows.backtest.summary import GROUPS, HORIZONS, ArmLine


@dataclass(frozen=True, slots=True)
class Told:
    """What a person is told at once."""

    plain: str
    path: Path
    warnings: list[str]


def make(
    out: Path,
    folder: Path,
    first: date,
    last: date,
    arms: list[dict[str, Any]],
    took_s: float,
    lag_h: float,
    settings: Path | None = None,
) -> Told:
    """`report.html`, `answer.txt` and `results.duckdb` in `out`, from the parts of its job."""
    names = json.loads((out / "parts.json").read_text())
    db = summary.build(out, names, arms)
    every = summary.days(db)
    lines = {arm["name"]: summary.arm_line(db, arm["name"], every) for arm in arms}
    where = f"{folder.name} from {first} to {last}"
    split = {by: summary.groups(db, "base", by, every) for by in GROUPS}
    words = answer.plain(lines, split["city"], split["lead"], where)
    risk = config.load(None, settings).risk
    across = summary.across(db, "base", risk.max_loss_city / 1e6, risk.max_loss_total / 1e6)
    warnings = bound(across) + cautions(lines, risk.max_daily_loss / 1e6, risk.max_loss_city >= 2 * risk.max_loss_event)
    fitted = db.execute(
        "SELECT city, median(spread_fit), median(depth_fit), median(fade_fit), median(cancel_share_fit) FROM cells "
        "WHERE arm = 'base' GROUP BY city ORDER BY city"
    ).fetchall()
    if (folder / "levels.parquet").exists():
        fitted = []  # recorded books: nothing was fitted
    html = jinja2.Environment(autoescape=True).from_string(Path(__file__).with_name("report.html").read_text("utf-8"))
    counted = db.execute("SELECT count(*), sum(trades) FROM cells WHERE arm = 'base'").fetchall()[0]
    base = lines["base"].daily
    assert base is not None, "an arm has its days"
    (out / "report.html").write_text(html.render(
        where=where, plain=words.split("\n"), arms=list(lines.values()), words=WORDS, horizons=HORIZONS,
        events=f"{counted[0]:,}", days=len(every), trades=f"{counted[1] or 0:,.0f}", took=f"{took_s:.0f} s",
        command=f"kwm backtest {folder.name} --from {first} --to {last}", warnings=warnings,
        curve=plots.curve(lines, every, [*lines]), histogram=plots.histogram(base),
        markouts=plots.markouts(lines, [n for n in ("pessimistic", "base", "optimistic", "market_only", "naive_last")]),
        groups=[{"title": GROUPS[by][1], "lines": found, "plot": plots.bars(found, GROUPS[by][1])}
                for by, found in split.items() if found],
        reasons=summary.reasons(db, "base"), across=across, cannot=answer.CANNOT_KNOW, assumed=assumed(fitted, lag_h),
    ), encoding="utf-8")  # fmt: skip
    (out / "answer.txt").write_text(words + "\n", encoding="utf-8")
    (out / "answer.json").write_text(json.dumps({n: short(a) for n, a in lines.items()}, indent=1), encoding="utf-8")
    db.close()
    return Told(words, out / "report.html", warnings)


def short(arm: ArmLine) -> dict[str, Any]:
    """One arm's figures for a machine."""
    known = arm.pnl.known
    return {"pnl": arm.pnl.total, "low": arm.pnl.low if known else None, "high": arm.pnl.high if known else None,
            "contracts": arm.contracts, "fills": arm.fills, "cents": arm.cents if known else (arm.cents[0], None, None),
            "spread": arm.spread, "markouts": arm.markouts, "fees": arm.fees,
            "quoted": arm.quoted, "drawdown": arm.drawdown, "sharpe_day": arm.sharpe}  # fmt: skip


def cautions(lines: dict[str, ArmLine], daily_loss: float, city_is_loose: bool) -> list[str]:
    """What a reader must not overlook."""
    found = []
    base = lines["base"]
    tried = [line.sharpe for line in lines.values() if line.fills]
    best = max((line for line in lines.values() if line.fills), key=lambda line: line.sharpe, default=None)
    if best is not None and best.daily is not None and best.sharpe > 0 and len(tried) > 1:
        chance = deflated(best.daily, tried)
        found.append(
            f"{len(tried)} arms were looked at. The best of them ({best.name}) has a daily Sharpe ratio of "
            f"{best.sharpe:.2f}; "
            f"deflated for having been picked among {len(tried)}, the chance that its true ratio is above "
            f"zero is {chance:.0%} "
            "(Bailey & López de Prado 2014)."
        )
    over = 0 if base.daily is None else int((base.daily < -daily_loss).sum())
    if over:
        found.append(f"On {over} days the base arm lost more than max_daily_loss ({daily_loss:.0f} $): "
                     f"live, it would have "
                     "been halted before that; here events know nothing of each other.")  # fmt: skip
    if not city_is_loose:
        found.append("max_loss_city is below twice max_loss_event: live, a city's two open days would bind each other.")
    if base.unsettled:
        found.append(f"{base.unsettled} events have no official result: they are valued at the last middle.")
    dark = base.events - base.quoted_events
    if dark:
        found.append(f"{dark} of {base.events} events were never quoted by the strategy: the model had no "
                     f"forecast that was "
                     "young enough (production would withhold them too).")  # fmt: skip
    return found


def bound(across: list[summary.Across]) -> list[str]:
    """Which limits across events would have bound, had they been simulated."""
    over = [one for one in across if one.over]
    alone = "Every event was run by itself; worst cases were added up afterwards."
    if not over:
        return [f"{alone} They never passed the limits of a city or of the account."] if across else []
    parts = [
        f"{one.name} above {one.limit:.0f} $ in {one.over:.1%} of the time with anything at risk, on {one.days_over} "
        f"days, {one.highest:.0f} $ at most"
        for one in over
    ]
    return [f"{alone} They passed limits that live would have refused orders: {'; '.join(parts)}."]


def assumed(fitted: list[tuple[str, float, float, float, float]], lag_h: float) -> list[str]:
    """What stands behind the figures; `fitted`: the books nobody recorded, none where they were."""
    lines = [
        f"A forecast is used {lag_h:g} h after its issue and no longer than production stands on one; the "
        f"blend's weight is "
        "learnt anew each day from results known by then.",
        "Wires: 50 ms each way and 50 ms for prices; a publication reaches the engine 5 s after its minute.",
        "Orders rest until moved: renewals of their expiry, which keep the queue, are left out. Thursday "
        "03–05 in New York "
        "nothing rests and nothing is placed. At the close all orders end; results come seven hours after "
        "the day's end.",
        "Who traded at a worse price than ours, on either side, would have met us: filled in every model, "
        "by the traded size.",
    ]
    if not fitted:
        lines.append(
            "Books as recorded: ahead of an order is what its level showed, less prints there and our share of what no "
            "print within two seconds explains. An order of others at rest at our price meets ours by its size."
        )
    lines += [
        f"{city}: spread at most {spread * 100:.0f} ¢ behind the last trade, {depth:.0f} contracts a level, "
        f"{fade:.0%} of the "
        f"queue an hour gone untraded, {share:.0%} of touches ended by cancels (medians of what was fitted "
        f"on the three "
        "weeks before)."
        for city, spread, depth, fade, share in fitted
    ]
    return lines
