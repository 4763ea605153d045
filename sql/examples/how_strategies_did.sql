-- How the entries of each user's strategies ended, best mean return first: in percent, and in multiples of
-- the risk taken (R). Strategies of which no entry is over come last.
SELECT
    user_name,
    strategy_name,
    kind,
    signals,
    ended,
    round(100.0 * rose / nullif(ended, 0), 1) AS rose_pct,
    round(mean_return_pct, 2) AS mean_return_pct,
    round(mean_return_r, 2) AS mean_return_r
FROM strategy_outcomes
WHERE action = 'entry'
ORDER BY mean_return_pct DESC NULLS LAST, user_name, strategy_name, kind;
