-- Each state of our quote in a market and how long it lasted: until the next one, the quoter's clean stop, the start of
-- its next run, or, for the last one, the ledger's last word.
CREATE OR REPLACE VIEW quote_lifetimes AS
WITH ends AS (
    SELECT happened_at AS end_at FROM runs
    UNION SELECT happened_at FROM notes WHERE kind = 'stopped'
    UNION SELECT max(happened_at) FROM (SELECT happened_at FROM pnl UNION ALL SELECT happened_at FROM notes)
), spells AS (
    SELECT *, lead(happened_at) OVER (  -- of two of one instant the one written later lasts
        PARTITION BY ticker ORDER BY happened_at, run, row_in_file
    ) AS next_at FROM quotes
), bounded AS (
    SELECT s.*, coalesce(least(s.next_at, e.end_at), s.happened_at) AS ended_at
    FROM spells s ASOF LEFT JOIN ends e ON s.happened_at < e.end_at
)
SELECT ticker, regexp_extract(ticker, '^[^-]*-[^-]*') AS event_ticker, publication, happened_at AS began_at, ended_at,
       epoch(ended_at - happened_at) AS lasted_s, bid_usd, ask_usd,
       bid_usd IS NOT NULL AND ask_usd IS NOT NULL AS two_sided, bid_usd IS NOT NULL OR ask_usd IS NOT NULL AS quoted,
       (ask_usd - bid_usd)::DOUBLE AS width_usd, bid_reasons, ask_reasons
FROM bounded;

-- Each order's life: from the decision to place it to the exchange's word that it is gone.
CREATE OR REPLACE VIEW order_lifetimes AS
WITH placed AS (
    SELECT client_order_id, any_value(ticker) AS ticker, any_value(event_ticker) AS event_ticker, any_value(side) AS side,
           min(happened_at) AS placed_at, count(*) - 1 AS amends, arg_min(publication, happened_at) AS publication
    FROM order_actions WHERE action IN ('PlaceOrder', 'AmendOrder') GROUP BY client_order_id
), said AS (
    SELECT client_order_id, min(happened_at) FILTER (what = 'Acked') AS acked_at,
           max(happened_at) FILTER (what = 'Gone') AS gone_at, arg_max(words, happened_at) FILTER (what = 'Gone') AS how
    FROM order_events GROUP BY client_order_id
), filled AS (
    SELECT client_order_id, sum(contracts) AS contracts FROM our_fills GROUP BY client_order_id
)
SELECT p.client_order_id, p.ticker, p.event_ticker, p.side, p.publication, p.placed_at, s.acked_at, s.gone_at,
       epoch(s.acked_at - p.placed_at) AS ack_s, epoch(s.gone_at - p.placed_at) AS lived_s, p.amends, s.how,
       coalesce(f.contracts, 0) AS filled_contracts
FROM placed p LEFT JOIN said s USING (client_order_id) LEFT JOIN filled f USING (client_order_id);

-- Each UTC day: minutes of which the quoter left word, and what it was doing in them.
CREATE OR REPLACE VIEW uptime AS
SELECT (happened_at AT TIME ZONE 'UTC')::DATE AS day, count(DISTINCT date_trunc('minute', happened_at)) AS minutes,
       count(DISTINCT date_trunc('minute', happened_at)) FILTER (state = 'quoting') AS quoting_minutes,
       count(DISTINCT date_trunc('minute', happened_at)) FILTER (state = 'halted') AS halted_minutes,
       count(DISTINCT date_trunc('minute', happened_at)) FILTER (state = 'connecting') AS connecting_minutes,
       count(DISTINCT date_trunc('minute', happened_at)) FILTER (state = 'quoting') / 1440.0 AS quoting_share_of_day,
       max(worst_usd) AS worst_usd, arg_max(total_usd, happened_at) AS last_total_usd
FROM pnl GROUP BY day;

-- Each UTC day and market: the share of the quoted spell in which both sides were out, and how wide.
CREATE OR REPLACE VIEW quote_uptime AS
SELECT (began_at AT TIME ZONE 'UTC')::DATE AS day, ticker, event_ticker, sum(lasted_s) AS seen_s, sum(lasted_s) FILTER (quoted) AS quoted_s,
       sum(lasted_s) FILTER (two_sided) AS two_sided_s,
       sum(lasted_s * width_usd) FILTER (two_sided) / nullif(sum(lasted_s) FILTER (two_sided), 0) AS mean_width_usd,
       count(*) AS changes
FROM quote_lifetimes GROUP BY ALL;

-- Why sides were not quoted, weighted by how long: seconds of each reason, each UTC day.
CREATE OR REPLACE VIEW reasons_not_quoted AS
SELECT (began_at AT TIME ZONE 'UTC')::DATE AS day, reason, sum(lasted_s) AS side_seconds, count(*) AS times, count(DISTINCT ticker) AS markets
FROM (
    SELECT began_at, ticker, lasted_s,
           unnest(list_concat(string_split(bid_reasons, ', '), string_split(ask_reasons, ', '))) AS reason
    FROM quote_lifetimes WHERE bid_reasons <> '' OR ask_reasons <> ''
) WHERE reason <> '' GROUP BY ALL;
