-- one row per line that repeats the identity of an entry before it: in this block, in this file, or in an earlier file
CREATE OR REPLACE TEMP TABLE repeats AS
WITH repeated_here AS (
    SELECT key, min(line) AS line, arg_min(content, line) AS content
    FROM parsed
    WHERE reason IS NULL
    GROUP BY key
    HAVING count(*) > 1
),

in_this_file AS (
    SELECT seen.key, seen.content
    FROM seen
    WHERE seen.key IN (SELECT key FROM parsed WHERE reason IS NULL)
),

known AS (
    SELECT key, content FROM in_this_file
    UNION ALL
    SELECT (key_high::UHUGEINT << 64) + key_low AS key, content FROM before
)

SELECT parsed.line, parsed.content = coalesce(known.content, repeated_here.content) AS is_same
FROM parsed
LEFT JOIN known USING (key)
LEFT JOIN repeated_here USING (key)
WHERE parsed.reason IS NULL AND (known.key IS NOT NULL OR parsed.line > repeated_here.line)
;

-- one row per entry of the block that is kept
CREATE OR REPLACE TEMP VIEW kept AS
SELECT * FROM parsed WHERE reason IS NULL AND line NOT IN (SELECT line FROM repeats)
