-- one row per day, kind of decision, dimension and member of the file; beyond $most members of a dimension 'other'
WITH frequent AS (
    SELECT dimension, member
    FROM counted_sums
    GROUP BY dimension, member
    QUALIFY row_number() OVER (PARTITION BY dimension ORDER BY sum(n) DESC, member) <= $most
),

sums AS (
    SELECT
        day_and_kind, dimension, CASE WHEN frequent.member IS NULL THEN 'other' ELSE frequent.member END AS member,
        sum(n) AS n, sum(successes) AS successes, sum(labelled) AS labelled, sum(approved) AS approved,
        sum(quality_n) AS quality_n, sum(quality_sum) AS quality_sum, sum(quality_squares) AS quality_squares,
        sum(seconds_n) AS seconds_n, sum(seconds_sum) AS seconds_sum, sum(seconds_squares) AS seconds_squares
    FROM counted_sums
    LEFT JOIN frequent USING (dimension, member)
    GROUP BY ALL
),

bins AS (
    SELECT
        cell, dimension, CASE WHEN frequent.member IS NULL THEN 'other' ELSE frequent.member END AS member,
        sum(n)::BIGINT AS n
    FROM counted_bins
    LEFT JOIN frequent USING (dimension, member)
    WHERE bin_of(cell) IS NOT NULL
    GROUP BY ALL
),

histograms AS (
    SELECT
        day_and_kind_of(cell) AS day_and_kind, dimension, member,
        list({'key': bin_of(cell), 'value': n} ORDER BY cell) AS seconds_bins
    FROM bins
    GROUP BY ALL
)

SELECT
    day_of(day_and_kind) AS day, kind_of(day_and_kind) AS log_type, dimension, member,
    n::BIGINT AS n, successes::BIGINT AS successes, labelled::BIGINT AS labelled, approved::BIGINT AS approved,
    quality_n::BIGINT AS quality_n, quality_sum::HUGEINT AS quality_sum, quality_squares::HUGEINT AS quality_squares,
    seconds_n::BIGINT AS seconds_n, seconds_sum::HUGEINT AS seconds_sum, seconds_squares::HUGEINT AS seconds_squares,
    map_from_entries(coalesce(seconds_bins, [])) AS seconds_bins
FROM sums
LEFT JOIN histograms USING (day_and_kind, dimension, member)
ORDER BY day, log_type, dimension, member
