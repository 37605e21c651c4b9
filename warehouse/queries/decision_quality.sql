-- one row: the lines of all files that were known by $as_of and landed since $since
SELECT
    count(*) AS files, coalesce(sum(lines), 0)::BIGINT AS lines, coalesce(sum(kept), 0)::BIGINT AS kept,
    coalesce(sum(duplicates), 0)::BIGINT AS duplicates, coalesce(sum(rejected), 0)::BIGINT AS rejected,
    coalesce(sum(lost), 0)::BIGINT AS lost
FROM decision_files
WHERE known_at <= $as_of AND known_at >= $since
