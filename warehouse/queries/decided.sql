-- one row per call whose progression is known as of $as_of
SELECT DISTINCT call_id
FROM outcomes
WHERE target = 'progression' AND known_at <= $as_of;
