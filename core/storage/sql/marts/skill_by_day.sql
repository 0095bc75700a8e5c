-- Forecast skill against the market, each climate day and station: 1 = perfect, 0 = as good as the market, < 0 = worse.
CREATE OR REPLACE VIEW skill_by_day AS
SELECT day, station, variable, count(*) AS beliefs, avg(fair_brier) AS fair_brier, avg(model_brier) AS model_brier,
       avg(market_brier) AS market_brier, 1 - avg(model_brier) / nullif(avg(market_brier), 0) AS model_skill,
       1 - avg(fair_brier) / nullif(avg(market_brier), 0) AS fair_skill
FROM bracket_scores WHERE market_usd IS NOT NULL GROUP BY ALL;

-- How often what we called p of some climate days happened: ten bins of belief, model, market and blend.
CREATE OR REPLACE MACRO reliability_between(since, until) AS TABLE
SELECT who, floor(least(belief, 0.9999) * 10) / 10 AS bin_from, count(*) AS beliefs, avg(belief) AS mean_belief,
       avg(paid) AS happened
FROM (
    SELECT 'model' AS who, model_usd AS belief, paid, day FROM bracket_scores
    UNION ALL SELECT 'market', market_usd, paid, day FROM bracket_scores
    UNION ALL SELECT 'fair', fair_usd, paid, day FROM bracket_scores
) WHERE belief IS NOT NULL AND day BETWEEN since::DATE AND until::DATE GROUP BY ALL;

CREATE OR REPLACE VIEW reliability AS FROM reliability_between('-infinity', 'infinity');
