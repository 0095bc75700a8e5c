-- What each market earned: cash flow of its fills, fees, and what it paid (or, while open, its last fair value).
CREATE OR REPLACE VIEW pnl_by_market AS
WITH held AS (
    SELECT f.ticker, f.event_ticker, any_value(e.station) AS station, any_value(e.variable) AS variable, any_value(e.day) AS day,
           sum(f.signed_contracts) AS contracts, sum(-f.signed_contracts * f.price_usd) AS cash_usd,
           sum(f.fee_usd) AS fees_usd, count(*) AS fills
    FROM signed_fills f LEFT JOIN (SELECT DISTINCT event_ticker, station, variable, day FROM latest_markets) e
        ON e.event_ticker = f.event_ticker
    GROUP BY f.ticker, f.event_ticker
)
SELECT h.*, m.result, coalesce(m.value_usd, f.fair_usd) AS mark_usd, m.value_usd IS NOT NULL AS settled,
       h.cash_usd + h.contracts * coalesce(m.value_usd, f.fair_usd) - h.fees_usd AS pnl_usd
FROM held h
LEFT JOIN latest_markets m ON m.ticker = h.ticker
LEFT JOIN our_last_fairs f ON f.ticker = h.ticker;

CREATE OR REPLACE VIEW pnl_by_city AS
SELECT day, station, sum(pnl_usd) AS pnl_usd, sum(fees_usd) AS fees_usd, sum(fills) AS fills, bool_and(settled) AS settled
FROM pnl_by_market GROUP BY day, station;

-- Settled markets whose contracts by our fills differ from the exchange's by a hundredth or more. Asked all day long, so
-- it reads the fills alone: beliefs and decisions are a thousand times as many.
CREATE OR REPLACE VIEW settlement_mismatches AS
WITH held AS (
    SELECT ticker, sum(signed_contracts) AS contracts FROM signed_fills GROUP BY ticker
)
SELECT s.ticker, s.yes_contracts - s.no_contracts AS theirs, coalesce(h.contracts, 0) AS ours, s.settled_at
FROM settlements s LEFT JOIN held h ON h.ticker = s.ticker
WHERE abs((s.yes_contracts - s.no_contracts) - coalesce(h.contracts, 0)) >= 0.011;
