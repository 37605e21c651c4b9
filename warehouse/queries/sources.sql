-- one row per source of calls known as of $as_of
SELECT DISTINCT source
FROM calls
WHERE known_at <= $as_of
ORDER BY source;
