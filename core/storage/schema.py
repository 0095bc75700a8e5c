"""The tables of the lake: their columns, types and what they mean. Units are in the names: `_usd`, `_f`, `_s`, `_at`.

Amounts of money and prices are stored as DECIMAL(18,6) dollars and counts as DECIMAL(18,2) contracts, exact copies of
the integers; instants as TIMESTAMPTZ (UTC).
"""

from dataclasses import dataclass

USD, CONTRACTS, AT, TEXT, DAY, REAL = "DECIMAL(18,6)", "DECIMAL(18,2)", "TIMESTAMPTZ", "VARCHAR", "DATE", "DOUBLE"


@dataclass(frozen=True, slots=True)
class Table:
    """One table: (column, type, meaning) in order."""

    name: str
    what: str
    columns: tuple[tuple[str, str, str], ...]


def _t(name: str, what: str, *columns: tuple[str, str, str]) -> Table:
    return Table(name, what, (*columns, ("run", TEXT, "the flow run that wrote the row")))


TABLES: dict[str, Table] = {
    t.name: t
    for t in (
        _t("forecasts", "one source's number for one station-day, as issued",
           ("station", TEXT, "ICAO code"), ("variable", TEXT, "high or low"), ("day", DAY, "climate day"),
           ("source", TEXT, "nws_grid, nws_hourly, nws_forecast, nbm, nbm_short, gfs_mos, gfs_mos_ext, nam_mos"),
           ("issued_at", AT, "the source's vintage"),
           ("received_at", AT, "when we first had it"), ("value_f", REAL, "degrees F")),
        _t("percentiles", "a probabilistic forecast of one station-day, as issued (whole degrees F)",
           ("station", TEXT, "ICAO code"), ("variable", TEXT, "high or low"), ("day", DAY, "climate day"),
           ("source", TEXT, "nbm"), ("issued_at", AT, "the cycle"), ("received_at", AT, "when we first had it"),
           ("forecast_hour", "INTEGER", "from the cycle to the end of the extreme's window"),
           ("mean_f", REAL, ""), ("sd_f", REAL, "the source's own"), ("p10_f", REAL, ""), ("p25_f", REAL, ""),
           ("p50_f", REAL, ""), ("p75_f", REAL, ""), ("p90_f", REAL, "")),
        _t("hourly_forecasts", "the temperature forecast for one moment, as issued; the next 60 hours",
           ("station", TEXT, "ICAO code"),
           ("source", TEXT, "nws_grid_hourly, nws_hourly, nbm_short, gfs_mos, nam_mos"),
           ("issued_at", AT, "the source's vintage"), ("received_at", AT, "when we first had it"),
           ("valid_at", AT, ""), ("value_f", REAL, "degrees F")),
        _t("observations", "one report of a station",
           ("station", TEXT, "ICAO code"), ("observed_at", AT, ""), ("received_at", AT, ""),
           ("kind", TEXT, "metar, speci or five_minute"), ("low_f", REAL, "the temperature is at least this"),
           ("high_f", REAL, "and at most this"), ("max_6h_f", "INTEGER", "METAR 1 group"),
           ("min_6h_f", "INTEGER", "METAR 2 group"), ("max_24h_f", "INTEGER", "METAR 4 group"),
           ("min_24h_f", "INTEGER", "METAR 4 group"), ("raw", TEXT, "the report")),
        _t("climate_reports", "one issuance of a climate report",
           ("station", TEXT, "ICAO code"), ("product", TEXT, "CLINYC"), ("day", DAY, "climate day"),
           ("issued_at", AT, ""), ("received_at", AT, ""), ("final", "BOOLEAN", "no VALID AS OF line"),
           ("as_of", TEXT, ""), ("correction", TEXT, "BBB group"), ("max_f", "INTEGER", "official maximum"),
           ("min_f", "INTEGER", "official minimum"), ("product_id", TEXT, "")),
        _t("daily_summaries", "one message of a station about the extremes of its climate day; never what settles",
           ("station", TEXT, "ICAO code"), ("day", DAY, "climate day"), ("source", TEXT, "dsm or cf6"),
           ("issued_at", AT, "WMO heading"), ("received_at", AT, ""), ("max_f", "INTEGER", "so far, or of the day"),
           ("min_f", "INTEGER", ""), ("max_at", AT, "when; empty where the message does not say"), ("min_at", AT, ""),
           ("complete", "BOOLEAN", "issued after the climate day ended")),
        _t("portal_reports", "The Weather Company's relay of a climate report: what the exchange reads",
           ("station", TEXT, "ICAO code"), ("day", DAY, "climate day"),
           ("status", TEXT, "preliminary, official or revised"), ("official", "BOOLEAN", "may settle"),
           ("max_f", "INTEGER", ""), ("min_f", "INTEGER", ""), ("issued_at", AT, "as the portal says"),
           ("received_at", AT, "when we first had it")),
        _t("settlement_differences", "where report, portal and exchange do not say the same about a settled event",
           ("event_ticker", TEXT, ""), ("station", TEXT, ""), ("variable", TEXT, ""), ("day", DAY, "climate day"),
           ("report_f", "INTEGER", "first final climate report"),
           ("portal_f", "INTEGER", "first official of the portal"),
           ("paid_low_f", "INTEGER", "the bracket that paid, lowest degree"),
           ("paid_high_f", "INTEGER", "the bracket that paid, highest degree"), ("words", TEXT, ""),
           ("seen_at", AT, "")),
        _t("markets", "a market as discovered",
           ("ticker", TEXT, ""), ("event_ticker", TEXT, ""), ("series", TEXT, ""), ("station", TEXT, ""),
           ("variable", TEXT, ""), ("day", DAY, "climate day"), ("low_f", "INTEGER", "lowest degree that pays"),
           ("high_f", "INTEGER", "highest degree that pays"), ("open_at", AT, ""), ("close_at", AT, ""),
           ("status", TEXT, ""), ("result", TEXT, "yes, no, scalar or empty"),
           ("value_usd", USD, "paid a YES contract"),
           ("taker_fee_millionths", "BIGINT", "coefficient"), ("maker_fee_millionths", "BIGINT", "coefficient"),
           ("price_ranges", TEXT, "JSON, 1/10,000 dollar"), ("rules", TEXT, ""), ("seen_at", AT, "")),
        _t("refused_markets", "what was discovered and may not be quoted, with the reason",
           ("ticker", TEXT, "market, event or series"), ("reason", TEXT, ""), ("seen_at", AT, "")),
        _t("publications", "one message from flows to quoter",
           ("publication", TEXT, "its id"), ("published_at", AT, ""), ("valid_until", AT, ""),
           ("model", TEXT, "version of the coefficients"), ("events", "INTEGER", "published"),
           ("withheld", "INTEGER", "events without a fair value"), ("took_s", REAL, "to compute")),
        _t("fair_events", "one event of one publication",
           ("publication", TEXT, ""), ("event_ticker", TEXT, ""), ("station", TEXT, ""), ("variable", TEXT, ""),
           ("day", DAY, ""), ("published_at", AT, ""), ("mean_f", REAL, "of the model"), ("sd_f", REAL, ""),
           ("observed_f", REAL, "the extreme so far"), ("weight", REAL, "of the model in the blend"),
           ("quality", TEXT, "what is missing or old"), ("withheld", TEXT, "why there is no fair value")),
        _t("fair_values", "one bracket of one publication",
           ("publication", TEXT, ""), ("event_ticker", TEXT, ""), ("ticker", TEXT, ""), ("published_at", AT, ""),
           ("fair_usd", REAL, "what we quote around"), ("model_usd", REAL, "before the blend"),
           ("market_usd", REAL, "the market's own"), ("sd_usd", REAL, "uncertainty of the fair value"),
           ("slope_usd_per_f", REAL, "d fair / d mean"), ("low_f", "INTEGER", ""), ("high_f", "INTEGER", "")),
        _t("risk_limits", "the limits of one publication",
           ("publication", TEXT, ""), ("published_at", AT, ""), ("event_ticker", TEXT, "empty for the totals"),
           ("name", TEXT, ""), ("limit_usd", USD, "")),
        _t("runs", "one run of the quoter", ("quoter_run", TEXT, ""), ("happened_at", AT, ""), ("version", TEXT, ""),
           ("environment", TEXT, ""), ("settings", TEXT, "JSON")),
        _t("quotes", "what the quoter wanted resting in a market, whenever that changed",
           ("happened_at", AT, ""), ("ticker", TEXT, ""), ("publication", TEXT, ""), ("fair_usd", REAL, ""),
           ("book_bid_usd", USD, "best of the others"), ("book_ask_usd", USD, "best of the others"),
           ("bid_usd", USD, "ours"), ("bid_contracts", CONTRACTS, ""), ("ask_usd", USD, "ours"),
           ("ask_contracts", CONTRACTS, ""), ("inventory_contracts", CONTRACTS, "negative is NO"),
           ("bid_reasons", TEXT, "why no bid"), ("ask_reasons", TEXT, "why no ask")),
        _t("order_actions", "what was sent: create, amend, cancel, with what was known when it was decided",
           ("happened_at", AT, ""), ("action", TEXT, "PlaceOrder, AmendOrder, CancelOrder, ..."),
           ("client_order_id", TEXT, ""),
           ("ticker", TEXT, ""), ("event_ticker", TEXT, ""), ("side", TEXT, "bid or ask, on YES"),
           ("price_usd", USD, ""),
           ("contracts", CONTRACTS, "total asked for"), ("publication", TEXT, "it was decided on"),
           ("fair_usd", REAL, ""), ("book_bid_usd", USD, ""), ("book_ask_usd", USD, ""),
           ("inventory_contracts", CONTRACTS, "")),
        _t("order_events", "what the exchange said about our orders",
           ("happened_at", AT, "heard"), ("what", TEXT, "Acked, Gone, Rejected, Unknown, ..."),
           ("client_order_id", TEXT, ""),
           ("order_id", TEXT, ""), ("ticker", TEXT, ""), ("price_usd", USD, ""), ("filled_contracts", CONTRACTS, ""),
           ("remaining_contracts", CONTRACTS, ""), ("words", TEXT, "code or reason")),
        _t("fills", "our fills, each once",
           ("trade_id", TEXT, ""), ("order_id", TEXT, ""), ("client_order_id", TEXT, ""), ("ticker", TEXT, ""),
           ("event_ticker", TEXT, ""), ("side", TEXT, "bid bought YES"), ("price_usd", USD, ""),
           ("contracts", CONTRACTS, ""), ("fee_usd", USD, ""), ("is_taker", "BOOLEAN", ""), ("filled_at", AT, ""),
           ("heard_at", AT, "")),
        _t("settlements", "what was paid out to us",
           ("ticker", TEXT, ""), ("event_ticker", TEXT, ""), ("result", TEXT, ""), ("yes_contracts", CONTRACTS, ""),
           ("yes_cost_usd", USD, ""), ("no_contracts", CONTRACTS, ""), ("no_cost_usd", USD, ""),
           ("revenue_usd", USD, ""),
           ("fee_usd", USD, ""), ("settled_at", AT, "")),
        _t("pnl", "the quoter's ledger, once a minute",
           ("happened_at", AT, ""), ("state", TEXT, ""), ("realised_usd", USD, "settled markets"),
           ("fees_usd", USD, ""),
           ("marked_usd", USD, "open inventory at its mark, less its cost"), ("total_usd", USD, "today, fees included"),
           ("worst_usd", USD, "loss in the worst case, working orders filled the worst way"),
           ("balance_usd", USD, "free cash"), ("working", "INTEGER", "orders that can still fill"),
           ("fills", "BIGINT", "of this run"), ("actions", "BIGINT", "of this run")),
        _t("notes", "alerts, operator commands, changes of state", ("happened_at", AT, ""), ("kind", TEXT, ""),
           ("words", TEXT, "")),
        _t("source_failures", "what a fetch could not bring", ("happened_at", AT, ""), ("source", TEXT, ""),
           ("reason", TEXT, "")),
    )
}  # fmt: skip
