-- one row per week and member of a dimension, as weeks_of_measure.sql has one per week; the $most members with most observations
--
-- `split` is the measure's own SQL with the dimension's column as `member`.
SELECT
    member,
    week,
    count(*) AS n,
    count(*) FILTER (WHERE is_so_far) AS n_so_far,
    round(avg(value), 12) AS mean,
    round(avg(value) FILTER (WHERE is_so_far), 12) AS mean_so_far,
    round(stddev_samp(value), 12) AS deviation
FROM (
    SELECT *, dense_rank() OVER (ORDER BY size DESC, member) AS place
    FROM (
        SELECT *, count(*) OVER (PARTITION BY member) AS size
        FROM (
            SELECT
                coalesce(nullif(trim(member::VARCHAR), ''), '(not known)') AS member,
                date_trunc('week', split.at) AS week,
                split.at - date_trunc('week', split.at) <= $as_of::TIMESTAMP - $last_week::TIMESTAMP AS is_so_far,
                value
            FROM split
            WHERE
                split.at >= $first_week
                AND split.at < $last_week::TIMESTAMP + INTERVAL 7 DAY
                AND split.at <= $as_of
        ) AS placed
    ) AS sized
) AS ranked
WHERE place <= $most
GROUP BY member, week
ORDER BY member, week
