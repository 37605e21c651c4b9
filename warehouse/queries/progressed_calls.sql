-- one row per call of which it was known as of $as_of that it progressed: when that was first stated
--
-- The first statement of a call counts, as it does for the calls a model learns from (judged_calls_as_of): that is what
-- was known of the company's past when the next call came.
WITH first_known AS (
    SELECT call_id, min(known_at) AS first_known_at FROM calls WHERE known_at <= $as_of GROUP BY call_id
),
first_stated AS (
    SELECT outcomes.call_id, happened, greatest(outcomes.known_at, first_known_at) AS stated_at
    FROM outcomes
    JOIN first_known USING (call_id)
    WHERE target = 'progression' AND outcomes.known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY outcomes.call_id ORDER BY outcomes.known_at) = 1
)
SELECT call_id, stated_at AS progressed_at
FROM first_stated
WHERE happened
ORDER BY call_id;
