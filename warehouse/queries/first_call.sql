-- one row: when the first call known as of $as_of was held
SELECT min(called_at) AS called_at
FROM calls
WHERE known_at <= $as_of;
