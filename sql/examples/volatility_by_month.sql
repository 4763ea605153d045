-- What each instrument returned in a month and how much it moved, in its split-adjusted prices: the
-- volatility is that of daily log returns, a year of 252 sessions.
WITH daily AS (
    SELECT
        instrument_id,
        session,
        close,
        ln(close / lag(close) OVER one) AS log_return
    FROM split_adjusted_bars
    WINDOW one AS (PARTITION BY instrument_id ORDER BY session)
)
SELECT
    d.instrument_id,
    max_by(i.symbol, d.session) AS symbol,
    CAST(date_trunc('month', d.session) AS DATE) AS month,
    count(d.log_return) AS sessions,
    100 * (exp(sum(d.log_return)) - 1) AS return_pct,
    100 * stddev_samp(d.log_return) * sqrt(252) AS volatility_pct
FROM daily d
JOIN instruments i ON i.instrument_id = d.instrument_id AND d.session >= i.valid_from
    AND (i.valid_to IS NULL OR d.session < i.valid_to)
GROUP BY d.instrument_id, month
ORDER BY symbol, d.instrument_id, month;
