-- The mark at each fill and at 10 s, 1, 5 and 30 minutes later: the last one seen by then; of several of one instant the middle
-- of the highest and the lowest. A span is ten minutes: a mark of a moment's own span or the one before is its last one; only
-- where neither has any all marks of the market are read. Marks stream past the moments and are not kept: there are hundreds of
-- millions, and an ASOF join would sort all that are near a fill.
CREATE OR REPLACE VIEW fill_marks AS
WITH moments AS MATERIALIZED (
    SELECT row_number() OVER () AS id, *, epoch_ns(moment) // 600000000000 AS span
    FROM (SELECT trade_id, order_id, ticker, horizon_s, filled_at + to_seconds(horizon_s) AS moment
          FROM signed_fills, (VALUES (0), (10), (60), (300), (1800)) AS horizons(horizon_s))
), wanted AS (
    SELECT id, ticker, moment, span FROM moments UNION ALL SELECT id, ticker, moment, span - 1 FROM moments
), near AS (
    SELECT w.id, max({'seen_at': m.seen_at, 'usd': m.mark_usd}).usd AS highest,
           -max({'seen_at': m.seen_at, 'usd': -m.mark_usd}).usd AS lowest
    FROM market_marks m JOIN wanted w ON w.ticker = m.ticker AND w.span = epoch_ns(m.seen_at) // 600000000000
    WHERE m.seen_at <= w.moment GROUP BY w.id
), found AS MATERIALIZED (
    SELECT o.*, (n.highest + n.lowest) / 2 AS mark_usd FROM moments o LEFT JOIN near n ON n.id = o.id
), lost AS MATERIALIZED (
    SELECT * EXCLUDE (mark_usd) FROM found WHERE mark_usd IS NULL
), far AS (
    SELECT m.ticker, m.seen_at, (max(m.mark_usd) + min(m.mark_usd)) / 2 AS mark_usd
    FROM market_marks m JOIN (SELECT DISTINCT ticker FROM lost) l ON l.ticker = m.ticker GROUP BY m.ticker, m.seen_at
), every AS (
    SELECT trade_id, order_id, horizon_s, mark_usd FROM found WHERE mark_usd IS NOT NULL
    UNION ALL SELECT l.trade_id, l.order_id, l.horizon_s, m.mark_usd
    FROM lost l ASOF LEFT JOIN far m ON m.ticker = l.ticker AND l.moment >= m.seen_at
)
SELECT trade_id, order_id, max(mark_usd) FILTER (horizon_s = 0) AS mark_0, max(mark_usd) FILTER (horizon_s = 10) AS mark_10s,
       max(mark_usd) FILTER (horizon_s = 60) AS mark_1m, max(mark_usd) FILTER (horizon_s = 300) AS mark_5m,
       max(mark_usd) FILTER (horizon_s = 1800) AS mark_30m
FROM every GROUP BY trade_id, order_id;

-- Each fill with the market's middle at the fill and 10 s, 1, 5 and 30 minutes later, what it settled at, and its markout at
-- each: dollars a contract, positive when the market moved our way; NULL while it is too early to know.
CREATE OR REPLACE VIEW markouts AS
WITH heard AS (
    SELECT max(seen_at) AS last_seen FROM market_marks
), marked AS (
    SELECT f.*, CASE side WHEN 'bid' THEN 1 ELSE -1 END AS sign, price_usd::DOUBLE AS paid_usd, m.mark_0,
           CASE WHEN filled_at + INTERVAL 10 SECOND <= last_seen THEN m.mark_10s END AS mark_10s,
           CASE WHEN filled_at + INTERVAL 1 MINUTE <= last_seen THEN m.mark_1m END AS mark_1m,
           CASE WHEN filled_at + INTERVAL 5 MINUTE <= last_seen THEN m.mark_5m END AS mark_5m,
           CASE WHEN filled_at + INTERVAL 30 MINUTE <= last_seen THEN m.mark_30m END AS mark_30m
    FROM our_fills f CROSS JOIN heard LEFT JOIN fill_marks m ON m.trade_id = f.trade_id AND m.order_id = f.order_id
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
WITH valued AS (
    SELECT k.*, coalesce(k.settled_usd::DOUBLE, f.fair_usd, k.mark_5m_usd) AS final_usd
    FROM markouts k LEFT JOIN our_last_fairs f ON f.ticker = k.ticker
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
