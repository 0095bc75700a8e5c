"""The morning brief and the end-of-day report as values: a few headline figures, then sections of words, tables, plots.

Asks the marts, of the days it tells of (`Lakes`); knows neither HTML nor where a report is kept. Amounts in dollars,
for people only.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import duckdb

from core.money_words import dollars
from core.ops import plots
from core.stations import BY_CODE


@dataclass(frozen=True, slots=True)
class Section:
    """One part: a title, a sentence on how to read it, a table, and a plot (PNG)."""

    title: str
    words: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    plot: bytes = b""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, ready to be set."""

    kind: str  # "brief" or "eod"
    title: str
    day: date
    made_at: str
    headlines: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...] = field(default=())

    @property
    def name(self) -> str:
        """Of its files: `2026-11-23-eod`."""
        return f"{self.day.isoformat()}-{self.kind}"


type Db = duckdb.DuckDBPyConnection
RELIABLE_DAYS = 30


@dataclass(frozen=True, slots=True)
class Lakes:
    """The same views on the days that are told of, on the `RELIABLE_DAYS` before, and on everything: of what is asked
    of the last, the lake has few rows."""

    days: Db
    month: Db
    whole: Db


def _ask(db: Db, query: str, day: date) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    cursor = db.execute(query, {"day": day} if "$day" in query else {})
    rows = cursor.fetchall()
    return tuple(str(column[0]).replace("_", " ") for column in cursor.description or []), rows


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.2f}"
    text = str(value)
    return f"{BY_CODE[text].city} ({text})" if text in BY_CODE else text


def _section(
    db: Db, day: date, title: str, words: str, query: str, plot: Callable[[Any], bytes] | None = None
) -> Section:
    columns, rows = _ask(db, query, day)
    if not rows:
        return Section(title, "Nothing to report.")
    drawn = plot(rows) if plot is not None else b""
    return Section(title, words, columns, tuple(tuple(_text(v) for v in row) for row in rows), drawn)


_SPLIT = """
SELECT station, round(pnl_usd, 2) AS pnl_usd, round(spread_usd, 2) AS spread_usd, round(adverse_usd, 2) AS adverse_usd,
       round(settlement_usd, 2) AS settlement_usd, round(fees_usd, 2) AS fees_usd, fills, contracts, settled
FROM pnl_attribution_by_city WHERE day = $day ORDER BY pnl_usd DESC
"""
_CURVE = """
SELECT time_bucket(INTERVAL 15 MINUTE, happened_at) AS quarter, arg_max(total_usd, happened_at)::DOUBLE AS pnl_usd,
       max(worst_usd)::DOUBLE AS worst_usd, max(working) AS working_orders
FROM pnl WHERE happened_at::DATE = $day GROUP BY quarter ORDER BY quarter
"""
_MARKOUTS = """
SELECT side, count(*) AS fills, round(avg(markout_10s_usd) * 100, 2) AS c_after_10s,
       round(avg(markout_1m_usd) * 100, 2) AS c_after_1m, round(avg(markout_5m_usd) * 100, 2) AS c_after_5m,
       round(avg(markout_30m_usd) * 100, 2) AS c_after_30m, round(avg(markout_settled_usd) * 100, 2) AS c_at_settlement
FROM markouts WHERE day = $day GROUP BY side ORDER BY side
"""
_FILLS = """
SELECT strftime(filled_at, '%H:%M:%S') AS utc, ticker, side, round(price_usd * 100, 1) AS price_c, contracts,
       round(fair_when_decided_usd * 100, 1) AS fair_c, round(markout_5m_usd * 100, 2) AS c_after_5m
FROM markouts WHERE day = $day ORDER BY filled_at DESC, trade_id LIMIT 40
"""
_UPTIME = """
SELECT quoting_minutes, minutes AS minutes_alive, halted_minutes, connecting_minutes,
       round(quoting_share_of_day * 100, 1) AS quoting_percent_of_day, round(worst_usd::DOUBLE, 2) AS worst_case_usd
FROM uptime WHERE day = $day
"""
_REASONS = """
SELECT reason, round(side_seconds / 3600, 1) AS side_hours, markets
FROM reasons_not_quoted WHERE day = $day ORDER BY side_seconds DESC LIMIT 12
"""
_SKILL = """
SELECT station, variable, beliefs, round(fair_brier, 4)::VARCHAR AS quoted_brier,
       round(model_brier, 4)::VARCHAR AS model_brier, round(market_brier, 4)::VARCHAR AS market_brier,
       round(fair_skill, 3)::VARCHAR AS skill_of_quoted, round(model_skill, 3)::VARCHAR AS skill_of_model
FROM skill_by_day WHERE day = $day ORDER BY fair_skill DESC
"""
_RELIABILITY = f"""
SELECT who, mean_belief, happened, beliefs FROM reliability_between($day - {RELIABLE_DAYS - 1}, $day)
ORDER BY who, mean_belief
"""
_ERRORS = """
SELECT station, variable, round(avg(error_f) FILTER (lead_days = 0), 1) AS error_f_same_day,
       round(avg(error_f) FILTER (lead_days = 1), 1) AS error_f_day_before
FROM forecast_errors WHERE day = $day AND source = 'nws_grid' GROUP BY ALL ORDER BY station, variable
"""
_MISMATCHES = "SELECT ticker, theirs, ours, settled_at FROM settlement_mismatches WHERE settled_at::DATE >= $day"
_TODAY = """
SELECT station, variable, round(mean_f, 1) AS mean_f, round(sd_f, 1) AS sd_f, observed_f,
       round(weight, 2) AS model_weight, quality, withheld
FROM fair_events WHERE day = $day QUALIFY row_number() OVER (PARTITION BY event_ticker ORDER BY published_at DESC) = 1
ORDER BY station, variable
"""
_HELD = """
SELECT ticker, contracts, round(cash_usd::DOUBLE, 2) AS cash_usd, round(mark_usd * 100, 1) AS mark_c,
       round(pnl_usd::DOUBLE, 2) AS pnl_usd
FROM pnl_by_market WHERE NOT settled AND contracts <> 0 ORDER BY abs(contracts) DESC, ticker LIMIT 40
"""
_SOURCES = """
SELECT source, count(*) AS rows_in_two_days, max(issued_at) AS newest_issue, max(received_at) AS newest_received
FROM forecasts WHERE partition_date >= $day - 1 GROUP BY source
UNION ALL SELECT 'observations', count(*), max(observed_at), max(received_at) FROM observations
WHERE partition_date >= $day - 1
UNION ALL SELECT 'climate reports', count(*), max(issued_at), max(received_at) FROM climate_reports
WHERE partition_date >= $day - 1
"""
_FAILURES = """
SELECT source, count(*) AS times, max(happened_at) AS last_at, arg_max(reason, happened_at) AS last_reason
FROM source_failures WHERE happened_at::DATE >= $day - 1 GROUP BY source ORDER BY times DESC LIMIT 10
"""
_NOTES = """
SELECT strftime(happened_at, '%m-%d %H:%M') AS utc, kind, words FROM notes
WHERE happened_at::DATE >= $day - 1 ORDER BY happened_at DESC LIMIT 20
"""
_OLDEST_HELD = """
SELECT min(m.day) FROM latest_markets m JOIN (
    SELECT ticker FROM signed_fills GROUP BY ticker HAVING sum(signed_contracts) <> 0
) h ON h.ticker = m.ticker WHERE m.value_usd IS NULL
"""


def oldest_held(db: Db) -> date | None:
    """The oldest climate day of which we hold something that has not been settled."""
    found: date | None = db.execute(_OLDEST_HELD).fetchall()[0][0]
    return found


def _headline(db: Db, day: date) -> list[tuple[str, str]]:
    _, found = _ask(
        db, "SELECT sum(pnl_usd), sum(spread_usd), sum(adverse_usd), sum(settlement_usd), sum(fees_usd), sum(fills),"
        " bool_and(settled) FROM pnl_attribution_by_city WHERE day = $day", day,
    )  # fmt: skip
    pnl, spread, adverse, settled, fees, fills, final = found[0]
    if not fills:
        return [("PnL", "no fills")]
    return [
        ("PnL", dollars(pnl) + ("" if final else " (not all settled)")), ("spread", dollars(spread)),
        ("adverse selection", dollars(adverse)), ("settlement", dollars(settled)), ("fees", dollars(fees)),
        ("fills", f"{fills}"),
    ]  # fmt: skip


def end_of_day(lakes: Lakes, day: date, made_at: str) -> Report:
    """What the climate day `day` earned, and why; the UTC day's uptime beside it."""
    db = lakes.days
    _, up = _ask(db, _UPTIME, day)
    uptime = [("quoting", f"{up[0][0]} of {up[0][1]} minutes alive")] if up else []
    sections = (
        _section(db, day, "PnL by city", "What the split means: docs/analysis.md.", _SPLIT, plots.attribution),
        _section(db, day, "The day", "The quoter's ledger (UTC day): PnL, and the loss in the worst case.", _CURVE,
                 plots.curve),
        _section(db, day, "Markouts", "How the market moved after our fills, cents a contract; negative means that who"
                 " traded with us knew more.", _MARKOUTS, plots.markouts),
        _section(db, day, "Forecast skill", "Brier scores of every belief (smaller is better) and skill against the"
                 " market: above 0 we knew more.", _SKILL),
        _section(lakes.month, day, "Reliability", f"Settled beliefs of the last {RELIABLE_DAYS} climate days: how often"
                 " what was called p happened.", _RELIABILITY, plots.reliability),
        _section(db, day, "Forecast errors", "Official value minus NWS grid forecast.", _ERRORS),
        _section(db, day, "Uptime", "Minutes of the UTC day.", _UPTIME),
        _section(db, day, "Why sides were not quoted", "Hours, summed over sides and markets.", _REASONS),
        _section(db, day, "Last fills", "The forty latest.", _FILLS),
        _section(lakes.whole, day, "Settlement mismatches", "Compare these with the exchange before trading on.",
                 _MISMATCHES),
    )  # fmt: skip
    return Report("eod", f"End of day {day:%A, %d %B %Y}", day, made_at, (*_headline(db, day), *uptime), sections)


def brief(db: Db, day: date, made_at: str) -> Report:
    """What is ahead on `day`, what is held, and what yesterday earned so far."""
    yesterday = day - timedelta(days=1)
    headlines = [(f"yesterday: {name}", value) for name, value in _headline(db, yesterday)]
    sections = (
        _section(
            db, day, "Today's events", "The newest belief about each; withheld ones say why.", _TODAY, plots.beliefs
        ),
        _section(db, day, "What is held", "Open positions, marked at the last fair value.", _HELD),
        _section(db, yesterday, "Yesterday by city", "Final where settled.", _SPLIT, plots.attribution),
        _section(db, day, "Data quality", "The newest of each source.", _SOURCES),
        _section(db, day, "What could not be fetched", "In the last two days.", _FAILURES),
        _section(db, day, "Notes of the quoter", "In the last two days.", _NOTES),
    )
    return Report("brief", f"Morning brief {day:%A, %d %B %Y}", day, made_at, tuple(headlines), sections)
