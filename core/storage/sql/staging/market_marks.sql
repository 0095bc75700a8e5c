-- The market's middle as we saw it, whenever we saw it: at each of our quotes and decisions, and in each publication.
CREATE OR REPLACE VIEW market_marks AS
SELECT ticker, happened_at AS seen_at, (book_bid_usd + book_ask_usd)::DOUBLE / 2 AS mark_usd, 'quote' AS source
FROM quotes WHERE book_bid_usd IS NOT NULL AND book_ask_usd IS NOT NULL
UNION ALL
SELECT ticker, happened_at, (book_bid_usd + book_ask_usd)::DOUBLE / 2, 'decision'
FROM order_actions WHERE book_bid_usd IS NOT NULL AND book_ask_usd IS NOT NULL
UNION ALL
SELECT ticker, published_at, market_usd, 'publication' FROM fair_values WHERE market_usd IS NOT NULL;
