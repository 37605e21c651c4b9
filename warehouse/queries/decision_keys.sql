-- one row per kept entry of the file: what it is known by
SELECT
    (key >> 64)::UBIGINT AS key_high, (key & 18446744073709551615::UHUGEINT)::UBIGINT AS key_low, content
FROM seen
