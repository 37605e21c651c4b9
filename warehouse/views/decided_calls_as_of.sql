-- one row per call and target whose outcome was known as of `moment`: how it ended, and when that was first stated
CREATE OR REPLACE MACRO decided_calls_as_of(moment) AS TABLE
SELECT call_id, target, min(known_at) AS decided_at, arg_max(happened, known_at) AS happened
FROM outcomes
WHERE known_at <= moment
GROUP BY call_id, target;
