-- one row per day or week (Monday, UTC), kind of decision and member of $dimension, in [$since, $until) as of $as_of
WITH known AS (
    SELECT days.*, CASE WHEN $by = 'week' THEN date_trunc('week', day)::DATE ELSE day END AS start
    FROM decision_days AS days
    JOIN decision_files AS files ON files.name = days.file
    WHERE files.known_at <= $as_of
        AND day >= $since::DATE AND day < $until::DATE
        AND dimension = $dimension
        AND ($log_type IS NULL OR log_type = $log_type)
),

bins AS (
    SELECT start, log_type, member, entry.key AS bin, sum(entry.value) AS n
    FROM (SELECT start, log_type, member, unnest(map_entries(seconds_bins)) AS entry FROM known)
    GROUP BY ALL
),

histograms AS (
    SELECT start, log_type, member, list({'bin': bin, 'n': n::BIGINT} ORDER BY bin) AS seconds_bins
    FROM bins
    GROUP BY ALL
)

SELECT
    start, log_type, member,
    sum(n)::BIGINT AS n, sum(successes)::BIGINT AS successes,
    sum(labelled)::BIGINT AS labelled, sum(approved)::BIGINT AS approved,
    sum(quality_n)::BIGINT AS quality_n, sum(quality_sum) AS quality_sum, sum(quality_squares) AS quality_squares,
    sum(seconds_n)::BIGINT AS seconds_n, sum(seconds_sum) AS seconds_sum, sum(seconds_squares) AS seconds_squares,
    any_value(histograms.seconds_bins) AS seconds_bins
FROM known
LEFT JOIN histograms USING (start, log_type, member)
GROUP BY start, log_type, member
ORDER BY start, log_type, member
