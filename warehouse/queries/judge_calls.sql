-- one row per call known as of $as_of, as `judged` for this connection, with its place in the order of becoming known
CREATE OR REPLACE TEMP TABLE judged AS
SELECT *, row_number() OVER (ORDER BY first_known_at, call_id) - 1 AS place
FROM judged_calls_as_of($as_of)
WHERE called_at >= $called_after;
