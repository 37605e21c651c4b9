-- one row: what became of the lines of the block
SELECT
    count(*) AS kept, min(day) AS first_day, max(day) AS last_day, coalesce(sum(lost), 0)::BIGINT AS lost,
    (SELECT count(*) FROM repeats WHERE is_same) AS duplicates
FROM kept
