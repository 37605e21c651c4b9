-- one row per call and target whose outcome may be learned from as of $as_of
SELECT call_id, target, happened, matures_at
FROM outcomes_as_of($as_of)
WHERE matures_at <= $as_of
ORDER BY call_id, target;
