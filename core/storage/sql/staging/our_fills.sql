-- Our fills, each once, as it was heard first, with the signed contracts.
CREATE OR REPLACE VIEW signed_fills AS
SELECT * EXCLUDE (run, partition_date), CASE side WHEN 'bid' THEN contracts ELSE -contracts END AS signed_contracts
FROM fills QUALIFY row_number() OVER (PARTITION BY trade_id, order_id ORDER BY heard_at) = 1;

-- The same with what we believed when the order was last placed or moved.
CREATE OR REPLACE VIEW our_fills AS
WITH decided AS (  -- few fills, very many actions: those of other orders are let go at once, where an ASOF join sorts them all
    SELECT f.trade_id, f.order_id, max(a.happened_at) AS happened_at,
           arg_max({'publication': a.publication, 'fair_usd': a.fair_usd}, a.happened_at) AS last
    FROM signed_fills f JOIN order_actions a ON a.client_order_id = f.client_order_id AND a.happened_at <= f.filled_at
    WHERE a.action IN ('PlaceOrder', 'AmendOrder') GROUP BY f.trade_id, f.order_id
)
SELECT f.*, a.last.publication AS publication, a.last.fair_usd AS fair_when_decided_usd, a.happened_at AS decided_at,
       CASE f.side WHEN 'bid' THEN a.last.fair_usd - f.price_usd ELSE f.price_usd - a.last.fair_usd END AS edge_usd,
       e.station, e.variable, e.day
FROM signed_fills f
LEFT JOIN decided a ON a.trade_id = f.trade_id AND a.order_id = f.order_id
LEFT JOIN (SELECT DISTINCT event_ticker, station, variable, day FROM latest_markets) e
    ON e.event_ticker = f.event_ticker;
