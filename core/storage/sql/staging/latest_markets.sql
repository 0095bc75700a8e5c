-- Each market as it was last seen.
CREATE OR REPLACE VIEW latest_markets AS
SELECT * FROM markets QUALIFY row_number() OVER (PARTITION BY ticker ORDER BY seen_at DESC) = 1;
