-- What each market earned: cash flow of its fills, fees, and what it paid (or, while open, its last fair value).
CREATE OR REPLACE VIEW pnl_by_market AS
WITH held AS (
    SELECT ticker, event_ticker, any_value(station) AS station, any_value(variable) AS variable, any_value(day) AS day,
           sum(signed_contracts) AS contracts, sum(-signed_contracts * price_usd) AS cash_usd, sum(fee_usd) AS fees_usd,
           count(*) AS fills
    FROM our_fills GROUP BY ticker, event_ticker
), last_fair AS (
    SELECT ticker, arg_max(fair_usd, published_at) AS fair_usd FROM fair_values GROUP BY ticker
)
SELECT h.*, m.result, coalesce(m.value_usd, f.fair_usd) AS mark_usd, m.value_usd IS NOT NULL AS settled,
       h.cash_usd + h.contracts * coalesce(m.value_usd, f.fair_usd) - h.fees_usd AS pnl_usd
FROM held h
LEFT JOIN latest_markets m ON m.ticker = h.ticker
LEFT JOIN last_fair f ON f.ticker = h.ticker;

CREATE OR REPLACE VIEW pnl_by_city AS
SELECT day, station, sum(pnl_usd) AS pnl_usd, sum(fees_usd) AS fees_usd, sum(fills) AS fills, bool_and(settled) AS settled
FROM pnl_by_market GROUP BY day, station;

-- Settled markets whose contracts by our fills differ from the exchange's by a hundredth or more. Asked all day long, so
-- it reads the fills alone: beliefs and decisions are a thousand times as many.
CREATE OR REPLACE VIEW settlement_mismatches AS
WITH once AS (
    SELECT ticker, side, contracts FROM fills
    QUALIFY row_number() OVER (PARTITION BY trade_id, order_id ORDER BY heard_at) = 1
), held AS (
    SELECT ticker, sum(CASE side WHEN 'bid' THEN contracts ELSE -contracts END) AS contracts FROM once GROUP BY ticker
)
SELECT s.ticker, s.yes_contracts - s.no_contracts AS theirs, coalesce(h.contracts, 0) AS ours, s.settled_at
FROM settlements s LEFT JOIN held h ON h.ticker = s.ticker
WHERE abs((s.yes_contracts - s.no_contracts) - coalesce(h.contracts, 0)) >= 0.011;
