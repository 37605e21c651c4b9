-- one row per day, kind of decision, dimension and member of the file; beyond $most members of a dimension 'other'
WITH sizes AS (
    SELECT dimension, member, sum(n) AS n
    FROM counted
    GROUP BY ALL
),

frequent AS (
    SELECT dimension, member
    FROM sizes
    QUALIFY row_number() OVER (PARTITION BY dimension ORDER BY n DESC, member) <= $most
),

by_bin AS (
    SELECT
        day, log_type, dimension,
        CASE WHEN frequent.member IS NULL THEN 'other' ELSE counted.member END AS member,
        bin,
        sum(n) AS n, sum(successes) AS successes, sum(labelled) AS labelled, sum(approved) AS approved,
        sum(quality_n) AS quality_n, sum(quality_sum) AS quality_sum, sum(quality_squares) AS quality_squares,
        sum(seconds_n) AS seconds_n, sum(seconds_sum) AS seconds_sum, sum(seconds_squares) AS seconds_squares
    FROM counted
    LEFT JOIN frequent USING (dimension, member)
    GROUP BY ALL
)

SELECT
    day, log_type, dimension, member,
    sum(n)::BIGINT AS n, sum(successes)::BIGINT AS successes,
    sum(labelled)::BIGINT AS labelled, sum(approved)::BIGINT AS approved,
    sum(quality_n)::BIGINT AS quality_n, sum(quality_sum)::HUGEINT AS quality_sum,
    sum(quality_squares)::HUGEINT AS quality_squares,
    sum(seconds_n)::BIGINT AS seconds_n, sum(seconds_sum)::HUGEINT AS seconds_sum,
    sum(seconds_squares)::HUGEINT AS seconds_squares,
    map_from_entries(
        coalesce(list({'key': bin, 'value': n::BIGINT} ORDER BY bin) FILTER (bin IS NOT NULL), [])
    ) AS seconds_bins
FROM by_bin
GROUP BY day, log_type, dimension, member
ORDER BY day, log_type, dimension, member
