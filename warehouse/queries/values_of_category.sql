-- one row per value, the most frequent first, at most $most, from `by_value`
SELECT value, sum(n)::BIGINT AS n
FROM by_value
WHERE value IS NOT NULL
GROUP BY value
ORDER BY n DESC, value
LIMIT $most;
