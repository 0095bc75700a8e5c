-- ladder('KXHIGHNY-26NOV24'): the newest belief about one event, bracket by bracket.
CREATE OR REPLACE MACRO ladder(event) AS TABLE
SELECT low_f, high_f, ticker, fair_usd, model_usd, market_usd, sd_usd, published_at
FROM fair_values WHERE event_ticker = event
QUALIFY published_at = max(published_at) OVER () ORDER BY coalesce(low_f, -999);

-- why('KXHIGHNY-26NOV24-B48.5'): what the quoter last wanted there, or why nothing.
CREATE OR REPLACE MACRO why(market) AS TABLE
SELECT happened_at, bid_usd, ask_usd, bid_reasons, ask_reasons, fair_usd, book_bid_usd, book_ask_usd, inventory_contracts
FROM quotes WHERE ticker = market ORDER BY happened_at DESC LIMIT 20;
