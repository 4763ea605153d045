-- Names above a rising average of 30 weeks that stand close above their average of 50 sessions, how much
-- they move a day, and, where the benchmark has bars, their stage and how they did against it.
SELECT
    symbol,
    session,
    close,
    weinstein_distance_pct_30_9 AS above_30_weeks_pct,
    weinstein_slope_pct_30_9 AS rise_of_30_weeks_pct,
    atr_distance_50_14 AS distance_in_atr,
    atr_pct_14 AS atr_pct,
    weinstein_stage_30_9 AS stage,
    mansfield_252 AS relative_strength
FROM latest_indicators
WHERE weinstein_distance_pct_30_9 > 0
    AND weinstein_slope_pct_30_9 > 0
    AND atr_distance_50_14 BETWEEN 0 AND 4
ORDER BY relative_strength DESC NULLS LAST, symbol;
