-- Ten questions people really ask. Run any of them with: kwm sql "...", and each works while everything runs.
-- Of the last days alone, and as fast after years: kwm sql --last 7 "..." (or --last 7 --file docs/queries.sql).

-- 1. What did each city earn, day by day, and where did it come from?
SELECT day, station, round(pnl_usd, 2) AS pnl_usd, round(spread_usd, 2) AS spread_usd, round(adverse_usd, 2) AS adverse_usd,
       round(settlement_usd, 2) AS settlement_usd, round(fees_usd, 4) AS fees_usd, fills, settled
FROM pnl_attribution_by_city ORDER BY day DESC, pnl_usd DESC;

-- 2. Do we get run over? Edge when we decided, and how the market moved after our fills, in cents a contract.
SELECT m.station, m.side, count(*) AS fills, round(avg(f.edge_usd) * 100, 2) AS edge_cents,
       round(avg(m.markout_10s_usd) * 100, 2) AS after_10s, round(avg(m.markout_1m_usd) * 100, 2) AS after_1m,
       round(avg(m.markout_5m_usd) * 100, 2) AS after_5m, round(avg(m.markout_30m_usd) * 100, 2) AS after_30m,
       round(avg(m.markout_settled_usd) * 100, 2) AS at_settlement
FROM markouts m JOIN our_fills f USING (trade_id, order_id) GROUP BY ALL ORDER BY m.station, m.side;

-- 3. Which publication, and which order decision, led to each fill?
SELECT filled_at, ticker, side, price_usd, contracts, publication, decided_at, round(fair_when_decided_usd, 3) AS fair_usd
FROM our_fills ORDER BY filled_at DESC LIMIT 50;

-- 4. Does the model, the market or the blend know more? (Brier, smaller is better)
SELECT variable, count(*) AS beliefs, round(avg(model_brier), 4) AS model, round(avg(market_brier), 4) AS market,
       round(avg(fair_brier), 4) AS blend
FROM bracket_scores GROUP BY variable;

-- 5. How wrong are the forecasts, by station and lead?
SELECT station, variable, lead_days, count(*) AS days, round(avg(error_f), 2) AS bias_f, round(stddev(error_f), 2) AS sd_f
FROM forecast_errors WHERE source = 'nws_grid' GROUP BY ALL ORDER BY station, variable, lead_days;

-- 6. Why did we not quote, and for how long?
SELECT day, reason, round(side_seconds / 3600, 2) AS side_hours, markets
FROM reasons_not_quoted ORDER BY day DESC, side_seconds DESC;

-- 7. How did PnL and worst case move through the day?
SELECT time_bucket(INTERVAL 15 MINUTE, happened_at) AS quarter, max(total_usd) AS pnl_usd, max(worst_usd) AS worst_usd,
       max(working) AS working_orders
FROM pnl GROUP BY quarter ORDER BY quarter DESC;

-- 8. How old were the publications when the next one came?
SELECT published_at, events, withheld, round(took_s, 2) AS took_s,
       date_diff('second', lag(published_at) OVER (ORDER BY published_at), published_at) AS seconds_since_last
FROM publications ORDER BY published_at DESC LIMIT 50;

-- 9. Where does the market disagree with us most, right now?
SELECT ticker, round(fair_usd, 3) AS fair_usd, round(model_usd, 3) AS model_usd, round(market_usd, 3) AS market_usd
FROM fair_values WHERE publication = (SELECT max(publication) FROM publications) AND market_usd IS NOT NULL
ORDER BY abs(model_usd - market_usd) DESC LIMIT 20;

-- 10. What did the exchange decline, and what did it say?
SELECT what, words, count(*) AS times, max(happened_at) AS last_at
FROM order_events WHERE what NOT IN ('Acked', 'Gone') GROUP BY ALL ORDER BY times DESC;
