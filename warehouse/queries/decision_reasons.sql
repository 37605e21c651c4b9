-- one row per reason for which lines were set aside, of the files known by $as_of and landed since $since
SELECT reason, sum(n)::BIGINT AS n
FROM decision_rejects AS rejects
JOIN decision_files AS files ON files.name = rejects.file
WHERE known_at <= $as_of AND known_at >= $since
GROUP BY reason
ORDER BY n DESC, reason
