-- Forecast skill against the market, each climate day and station: 1 = perfect, 0 = as good as the market, < 0 = worse.
CREATE OR REPLACE VIEW skill_by_day AS
SELECT day, station, variable, count(*) AS beliefs, avg(fair_brier) AS fair_brier, avg(model_brier) AS model_brier,
       avg(market_brier) AS market_brier, 1 - avg(model_brier) / nullif(avg(market_brier), 0) AS model_skill,
       1 - avg(fair_brier) / nullif(avg(market_brier), 0) AS fair_skill
FROM bracket_scores WHERE market_usd IS NOT NULL GROUP BY ALL;

-- How often what we called p of some climate days happened: ten bins of belief, model, market and blend. One pass over the
-- beliefs, which are hundreds of millions, leaves a thousand sums; these are read three times.
CREATE OR REPLACE MACRO reliability_between(since, until) AS TABLE
WITH cells AS MATERIALIZED (
    SELECT floor(least(model_usd, 0.9999) * 10) / 10 AS model_bin,
           floor(least(market_usd, 0.9999) * 10) / 10 AS market_bin,
           floor(least(fair_usd, 0.9999) * 10) / 10 AS fair_bin,
           count(*) AS n, sum(model_usd) AS model, sum(market_usd) AS market, sum(fair_usd) AS fair, sum(paid) AS paid
    FROM bracket_scores WHERE day BETWEEN since::DATE AND until::DATE GROUP BY ALL
)
SELECT who, bin_from, sum(n)::BIGINT AS beliefs, sum(belief) / sum(n) AS mean_belief, sum(paid) / sum(n) AS happened
FROM (
    SELECT 'model' AS who, model_bin AS bin_from, n, model AS belief, paid FROM cells
    UNION ALL SELECT 'market', market_bin, n, market, paid FROM cells
    UNION ALL SELECT 'fair', fair_bin, n, fair, paid FROM cells
) WHERE bin_from IS NOT NULL GROUP BY ALL;

CREATE OR REPLACE VIEW reliability AS FROM reliability_between('-infinity', 'infinity');
