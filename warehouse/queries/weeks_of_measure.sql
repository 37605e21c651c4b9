-- one row per week from $first_week to $last_week with observations of a measure as of $as_of
--
-- `observations` is the measure's own SQL; n_so_far counts only to the point in the week that $as_of has reached
-- in $last_week, so that a week that is not over is compared like with like. Threads add numbers up in whatever order they
-- finish, which shows in the last digits: those are rounded away, so that the same week gives the same report.
SELECT
    week,
    count(*) AS n,
    count(*) FILTER (WHERE is_so_far) AS n_so_far,
    round(avg(value), 12) AS mean,
    round(avg(value) FILTER (WHERE is_so_far), 12) AS mean_so_far,
    round(stddev_samp(value), 12) AS deviation
FROM (
    SELECT
        date_trunc('week', observations.at) AS week,
        observations.at - date_trunc('week', observations.at) <= $as_of::TIMESTAMP - $last_week::TIMESTAMP AS is_so_far,
        value
    FROM observations
    WHERE
        observations.at >= $first_week
        AND observations.at < $last_week::TIMESTAMP + INTERVAL 7 DAY
        AND observations.at <= $as_of
) AS placed
GROUP BY week
ORDER BY week
