-- Bars that were known more than a day after the end of their session (UTC), newest first: restated ones, and
-- those of a backfill. A file has each bar as it was known last when the file was made; how it was known
-- before, an older file says.
SELECT i.symbol, b.session, b.close, b.provider, b.known_at
FROM bars b
JOIN instruments i ON i.instrument_id = b.instrument_id AND b.session >= i.valid_from
    AND (i.valid_to IS NULL OR b.session < i.valid_to)
WHERE b.known_at > (CAST(b.session AS TIMESTAMP) + INTERVAL 2 DAY) AT TIME ZONE 'UTC'
ORDER BY b.known_at DESC, i.symbol, b.session DESC
LIMIT 100;
