-- one row per readable entry of the block: what it is known by
SELECT (key >> 64)::UBIGINT AS key_high, (key & 18446744073709551615::UHUGEINT)::UBIGINT AS key_low
FROM parsed
WHERE reason IS NULL
