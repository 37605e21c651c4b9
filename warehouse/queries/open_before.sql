-- one row: how many calls that were held before $called_before have not ended as of $as_of
SELECT count(DISTINCT call_id) AS calls
FROM calls
WHERE
    known_at <= $as_of
    AND called_at < $called_before
    AND NOT EXISTS (
        SELECT 1 FROM outcomes
        WHERE outcomes.call_id = calls.call_id AND target = 'progression' AND outcomes.known_at <= $as_of
    )
