-- Instruments without a bar of the snapshot's session, furthest behind first, and what is missing of them.
SELECT symbol, last_session, sessions_behind, missing, coverage_pct
FROM coverage
WHERE sessions_behind > 0 OR last_session IS NULL
ORDER BY sessions_behind DESC NULLS FIRST, symbol;
