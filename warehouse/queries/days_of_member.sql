-- one row per day from $first_day to $last_day with observations of a measure as of $as_of, of the member $member of a
-- dimension, or where $others of all the others; what has none is '(not known)', as in weeks_of_members.sql
--
-- `observations` is the measure's own SQL; {dimension} stands for the name of one of its columns, which its reviewed file
-- lists. Digits that depend on the order in which threads add up are rounded away, as in weeks_of_measure.sql.
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
    AND (coalesce(nullif(trim("{dimension}"::VARCHAR), ''), '(not known)') <> $member::VARCHAR) = $others::BOOLEAN
GROUP BY day
ORDER BY day
