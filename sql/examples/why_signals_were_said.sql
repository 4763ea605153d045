-- The signals of the snapshot's session with their levels, and the rules that did not hold. A rule whose
-- value was unknown held or not as `is_met` says.
SELECT
    s.user_name,
    s.strategy_name,
    s.symbol,
    s.action,
    s.price,
    s.stop,
    s.strength,
    list(r.rule ORDER BY r.rule) FILTER (NOT r.is_met) AS not_met
FROM signals_of_session s
LEFT JOIN signal_rules r ON r.signal_id = s.signal_id
GROUP BY ALL
ORDER BY s.user_name, s.strategy_name, s.symbol, s.action;
