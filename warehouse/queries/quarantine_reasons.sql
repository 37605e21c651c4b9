-- one row per source, field and reason of records put aside from $since to $as_of, most frequent first
SELECT source, field, reason, count(*) AS records
FROM quarantine
WHERE known_at >= $since AND known_at <= $as_of
GROUP BY ALL
ORDER BY records DESC, source, field, reason
LIMIT 5;
