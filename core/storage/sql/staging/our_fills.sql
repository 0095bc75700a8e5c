-- Our fills, each once, with what we believed when the order was last placed or moved, and the signed contracts.
CREATE OR REPLACE VIEW our_fills AS
WITH once AS (
    SELECT * FROM fills QUALIFY row_number() OVER (PARTITION BY trade_id, order_id ORDER BY heard_at) = 1
)
SELECT f.* EXCLUDE (run, partition_date),
       CASE f.side WHEN 'bid' THEN f.contracts ELSE -f.contracts END AS signed_contracts,
       a.publication, a.fair_usd AS fair_when_decided_usd, a.happened_at AS decided_at,
       CASE f.side WHEN 'bid' THEN a.fair_usd - f.price_usd ELSE f.price_usd - a.fair_usd END AS edge_usd,
       e.station, e.variable, e.day
FROM once f
ASOF LEFT JOIN (SELECT * FROM order_actions WHERE action IN ('PlaceOrder', 'AmendOrder')) a
    ON f.client_order_id = a.client_order_id AND f.filled_at >= a.happened_at
LEFT JOIN (SELECT DISTINCT event_ticker, station, variable, day FROM latest_markets) e
    ON e.event_ticker = f.event_ticker;
