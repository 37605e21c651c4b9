-- one row per line that repeats the identity of an entry before it: in this block, in this file, or in an earlier file
WITH repeated_keys AS (
    SELECT key_high, key_low
    FROM readable
    GROUP BY key_high, key_low
    HAVING count(*) > 1
),

repeated_here AS (
    SELECT key_high, key_low, min(line) AS line, arg_min(content, line) AS content
    FROM readable
    SEMI JOIN repeated_keys USING (key_high, key_low)
    GROUP BY key_high, key_low
),

known AS (
    SELECT key_high, key_low, content
    FROM seen
    SEMI JOIN readable USING (key_high, key_low)
    UNION ALL
    SELECT key_high, key_low, content FROM before
)

SELECT readable.line, readable.content = coalesce(known.content, repeated_here.content) AS is_same
FROM readable
LEFT JOIN known USING (key_high, key_low)
LEFT JOIN repeated_here USING (key_high, key_low)
WHERE known.key_high IS NOT NULL OR readable.line > repeated_here.line
