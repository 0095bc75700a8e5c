-- Each bracket's last published belief before its event closed, beside what happened: model, market and blend.
CREATE OR REPLACE VIEW bracket_scores AS
SELECT v.ticker, v.event_ticker, m.station, m.variable, m.day, v.published_at, v.fair_usd, v.model_usd, v.market_usd,
       CASE m.result WHEN 'yes' THEN 1.0 ELSE 0.0 END AS paid,
       (v.fair_usd - CASE m.result WHEN 'yes' THEN 1 ELSE 0 END) ** 2 AS fair_brier,
       (v.model_usd - CASE m.result WHEN 'yes' THEN 1 ELSE 0 END) ** 2 AS model_brier,
       (v.market_usd - CASE m.result WHEN 'yes' THEN 1 ELSE 0 END) ** 2 AS market_brier
FROM fair_values v JOIN latest_markets m ON m.ticker = v.ticker
WHERE m.result IN ('yes', 'no') AND v.published_at < m.close_at;

-- Errors of each source: official value minus forecast, by lead in days from issue to climate day.
CREATE OR REPLACE VIEW forecast_errors AS
SELECT f.station, f.variable, f.day, f.source, f.issued_at, f.value_f,
       CASE f.variable WHEN 'high' THEN o.high_f ELSE o.low_f END - f.value_f AS error_f,
       date_diff('day', (f.issued_at AT TIME ZONE 'UTC')::DATE, f.day) AS lead_days
FROM forecasts f JOIN official_values o ON o.station = f.station AND o.day = f.day;
