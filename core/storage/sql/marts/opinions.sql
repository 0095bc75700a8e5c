-- Each opinion beside the official value and what the model said when it was given.
CREATE OR REPLACE VIEW opinion_skill AS
WITH told AS (
    SELECT o.*, e.station, e.variable, e.day, CASE e.variable WHEN 'high' THEN v.high_f ELSE v.low_f END AS official_f
    FROM opinions o
    JOIN (SELECT DISTINCT event_ticker, station, variable, day FROM latest_markets) e USING (event_ticker)
    JOIN official_values v ON v.station = e.station AND v.day = e.day
    WHERE o.weight > 0
)
SELECT event_ticker, station, variable, day, given_at, until, weight, why, mean_f, sd_f, model_mean_f, model_sd_f,
       official_f, official_f - mean_f AS error_f, official_f - model_mean_f AS model_error_f,
       ln(model_sd_f / sd_f) + ((official_f - model_mean_f) / model_sd_f) ** 2 / 2
         - ((official_f - mean_f) / sd_f) ** 2 / 2 AS log_gain
FROM told;
