-- Each fill with the market's middle at the fill and 10 s, 1, 5 and 30 minutes later (the last one seen by then), what
-- it settled at, and its markout at each: dollars a contract, positive when the market moved our way; NULL while it is
-- too early to know.
CREATE OR REPLACE VIEW markouts AS
WITH marks AS (
    SELECT ticker, seen_at, avg(mark_usd) AS mark_usd FROM market_marks GROUP BY ticker, seen_at
), fills_once AS (
    SELECT *, CASE side WHEN 'bid' THEN 1 ELSE -1 END AS sign, price_usd::DOUBLE AS paid_usd,
           filled_at + INTERVAL 10 SECOND AS at_10s, filled_at + INTERVAL 1 MINUTE AS at_1m,
           filled_at + INTERVAL 5 MINUTE AS at_5m, filled_at + INTERVAL 30 MINUTE AS at_30m
    FROM our_fills
), heard AS (
    SELECT max(seen_at) AS last_seen FROM marks
), marked AS (
    SELECT f.*, m0.mark_usd AS mark_0,
           CASE WHEN f.at_10s <= last_seen THEN m1.mark_usd END AS mark_10s,
           CASE WHEN f.at_1m <= last_seen THEN m2.mark_usd END AS mark_1m,
           CASE WHEN f.at_5m <= last_seen THEN m3.mark_usd END AS mark_5m,
           CASE WHEN f.at_30m <= last_seen THEN m4.mark_usd END AS mark_30m
    FROM fills_once f CROSS JOIN heard
    ASOF LEFT JOIN marks m0 ON m0.ticker = f.ticker AND f.filled_at >= m0.seen_at
    ASOF LEFT JOIN marks m1 ON m1.ticker = f.ticker AND f.at_10s >= m1.seen_at
    ASOF LEFT JOIN marks m2 ON m2.ticker = f.ticker AND f.at_1m >= m2.seen_at
    ASOF LEFT JOIN marks m3 ON m3.ticker = f.ticker AND f.at_5m >= m3.seen_at
    ASOF LEFT JOIN marks m4 ON m4.ticker = f.ticker AND f.at_30m >= m4.seen_at
)
SELECT k.trade_id, k.order_id, k.client_order_id, k.ticker, k.event_ticker, k.station, k.variable, k.day, k.side,
       k.filled_at, k.paid_usd AS price_usd, k.contracts, k.fee_usd, k.is_taker, k.publication, k.fair_when_decided_usd,
       coalesce(k.mark_0, k.fair_when_decided_usd, k.paid_usd) AS mark_at_fill_usd,
       k.sign * (k.mark_10s - k.paid_usd) AS markout_10s_usd, k.sign * (k.mark_1m - k.paid_usd) AS markout_1m_usd,
       k.sign * (k.mark_5m - k.paid_usd) AS markout_5m_usd, k.sign * (k.mark_30m - k.paid_usd) AS markout_30m_usd,
       k.sign * (s.value_usd::DOUBLE - k.paid_usd) AS markout_settled_usd,
       coalesce(k.mark_5m, k.mark_0, k.fair_when_decided_usd, k.paid_usd) AS mark_5m_usd, s.value_usd AS settled_usd,
       k.sign
FROM marked k LEFT JOIN latest_markets s ON s.ticker = k.ticker;

-- Where the money of each fill came from; spread + adverse + settlement + fees = pnl, to the last digit.
CREATE OR REPLACE VIEW pnl_attribution AS
WITH last_fair AS (
    SELECT ticker, arg_max(fair_usd, published_at) AS fair_usd FROM fair_values GROUP BY ticker
), valued AS (
    SELECT k.*, coalesce(k.settled_usd::DOUBLE, f.fair_usd, k.mark_5m_usd) AS final_usd
    FROM markouts k LEFT JOIN last_fair f ON f.ticker = k.ticker
)
SELECT trade_id, ticker, event_ticker, station, variable, day, side, filled_at, contracts,
       sign * contracts::DOUBLE * (mark_at_fill_usd - price_usd) AS spread_usd,
       sign * contracts::DOUBLE * (mark_5m_usd - mark_at_fill_usd) AS adverse_usd,
       sign * contracts::DOUBLE * (final_usd - mark_5m_usd) AS settlement_usd,
       -fee_usd::DOUBLE AS fees_usd,
       sign * contracts::DOUBLE * (final_usd - price_usd) - fee_usd::DOUBLE AS pnl_usd,
       settled_usd IS NOT NULL AS settled
FROM valued;

CREATE OR REPLACE VIEW pnl_attribution_by_city AS
SELECT day, station, sum(spread_usd) AS spread_usd, sum(adverse_usd) AS adverse_usd,
       sum(settlement_usd) AS settlement_usd, sum(fees_usd) AS fees_usd, sum(pnl_usd) AS pnl_usd, count(*) AS fills,
       sum(contracts) AS contracts, bool_and(settled) AS settled
FROM pnl_attribution GROUP BY day, station;

-- day_of_trading('2026-11-24'): PnL of that climate day by station, split into its sources.
CREATE OR REPLACE MACRO day_of_trading(which) AS TABLE
SELECT station, round(spread_usd, 2) AS spread_usd, round(adverse_usd, 2) AS adverse_usd,
       round(settlement_usd, 2) AS settlement_usd, round(fees_usd, 2) AS fees_usd, round(pnl_usd, 2) AS pnl_usd, fills, settled
FROM pnl_attribution_by_city WHERE day = which::DATE ORDER BY pnl_usd DESC;
