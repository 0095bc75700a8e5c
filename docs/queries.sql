-- Ten questions people really ask. Run any of them with: kwm sql "...", and each works while everything runs.

-- 1. What did each city earn, day by day?
SELECT day, station, round(pnl_usd, 2) AS pnl_usd, round(fees_usd, 4) AS fees_usd, fills, settled
FROM pnl_by_city ORDER BY day DESC, pnl_usd DESC;

-- 2. What is our edge when we are filled, by city and side (belief at the decision against the price)?
SELECT station, side, count(*) AS fills, round(avg(edge_usd) * 100, 2) AS edge_cents, sum(contracts) AS contracts
FROM our_fills GROUP BY ALL ORDER BY station, side;

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

-- 6. Why did we not quote, and how often?
SELECT reason, count(*) AS times
FROM (SELECT unnest(string_split(bid_reasons, ', ')) AS reason FROM quotes)
WHERE reason <> '' GROUP BY reason ORDER BY times DESC;

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
