-- one row per day, kind of decision, dimension, member and bin of seconds (NULL where none are stated) of what is uncounted
INSERT INTO counted
WITH binned AS (
    SELECT
        *,
        CASE WHEN microseconds IS NOT NULL
            THEN floor(ln(greatest(microseconds, 1) / 1000000.0) / ln(1.05))::SMALLINT END AS bin
    FROM uncounted
),

summed AS (
    SELECT
        day, log_type, bin, method, template, industry, campaign, model_version, system,
        grouping(method, template, industry, campaign, model_version, system) AS left_out,
        count(*) AS n,
        count(*) FILTER (success) AS successes,
        count(approved) AS labelled,
        count(*) FILTER (approved) AS approved,
        count(quality) AS quality_n,
        coalesce(sum(quality), 0) AS quality_sum,
        coalesce(sum(quality * quality), 0) AS quality_squares,
        count(microseconds) AS seconds_n,
        coalesce(sum(microseconds), 0) AS seconds_sum,
        coalesce(sum(microseconds::HUGEINT * microseconds), 0) AS seconds_squares
    FROM binned
    GROUP BY GROUPING SETS (
        (day, log_type, bin),
        (day, log_type, bin, method),
        (day, log_type, bin, template),
        (day, log_type, bin, industry),
        (day, log_type, bin, campaign),
        (day, log_type, bin, model_version),
        (day, log_type, bin, system)
    )
)

SELECT
    day, log_type,
    CASE left_out
        WHEN 63 THEN '' WHEN 31 THEN 'method' WHEN 47 THEN 'template' WHEN 55 THEN 'industry'
        WHEN 59 THEN 'campaign' WHEN 61 THEN 'model_version' ELSE 'system' END AS dimension,
    CASE left_out
        WHEN 63 THEN '' WHEN 31 THEN method WHEN 47 THEN template WHEN 55 THEN industry
        WHEN 59 THEN campaign WHEN 61 THEN model_version ELSE system END AS member,
    bin, n, successes, labelled, approved, quality_n, quality_sum, quality_squares,
    seconds_n, seconds_sum, seconds_squares
FROM summed
WHERE member IS NOT NULL
