-- The last fair value of each market that we traded and that has paid nothing yet: what is settled needs none.
CREATE OR REPLACE VIEW our_last_fairs AS
WITH open AS (
    SELECT DISTINCT f.ticker FROM signed_fills f
    ANTI JOIN (SELECT ticker FROM latest_markets WHERE value_usd IS NOT NULL) s ON s.ticker = f.ticker
)
SELECT v.ticker, arg_max(v.fair_usd, v.published_at) AS fair_usd
FROM fair_values v JOIN open o ON o.ticker = v.ticker GROUP BY v.ticker;
