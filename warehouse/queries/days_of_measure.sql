-- one row per day from $first_day to $last_day with observations of a measure as of $as_of
--
-- `observations` is the measure's own SQL. Digits that depend on the order in which threads add up are rounded away, as
-- in weeks_of_measure.sql.
SELECT
    date_trunc('day', observations.at)::TIMESTAMP AS day,
    count(*) AS n,
    round(avg(value), 12) AS mean,
    round(stddev_samp(value), 12) AS deviation
FROM observations
WHERE
    observations.at >= $first_day
    AND observations.at < $last_day::TIMESTAMP + INTERVAL 1 DAY
    AND observations.at <= $as_of
GROUP BY day
ORDER BY day
