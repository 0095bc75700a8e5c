"""What was believed of settled markets: of each the last belief of every three hours (`SAMPLED`) before its close."""

from core.fair.weights import SAMPLED

# kept while reading: a window would hold all beliefs of the days at once
_SAMPLES = """
WITH settled AS (
    SELECT ticker, station, variable, day, close_at, result FROM latest_markets
    WHERE result IN ('yes', 'no') AND {settled}
), last AS (
    SELECT v.ticker, max(v.published_at) AS published_at, arg_max({{
        'event_ticker': v.event_ticker, 'low_f': v.low_f, 'high_f': v.high_f, 'model_usd': v.model_usd,
        'market_usd': v.market_usd, 'fair_usd': v.fair_usd}}, v.published_at) AS told
    FROM fair_values v JOIN settled m ON m.ticker = v.ticker
    WHERE v.published_at < m.close_at AND {said}
    GROUP BY v.ticker, epoch_ns(v.published_at) // {sampled}
)
SELECT told.event_ticker, published_at, m.station, m.variable, m.day, told.low_f, told.high_f, told.model_usd,
       told.market_usd, told.fair_usd, m.result = 'yes' AS paid
FROM last JOIN settled m ON m.ticker = last.ticker
ORDER BY told.event_ticker, published_at, coalesce(told.low_f, -999)
"""


def samples(said: str, settled: str = "TRUE") -> str:
    """SQL: event, when, station, variable, climate day, low_f, high_f, model, market, blend, did it pay; by ladder.

    `said`: a condition on the beliefs `v`, one on their `partition_date` among it; `settled`: one on the markets.
    """
    return _SAMPLES.format(said=said, settled=settled, sampled=SAMPLED)
