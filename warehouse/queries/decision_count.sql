-- one row per day, kind of decision, bin of seconds, dimension and member of what is uncounted: only how many there are
INSERT INTO counted_bins SELECT cell, dimension, member, n FROM bins;

-- one row per day, kind of decision, dimension and member of what is uncounted: few enough that the sums are quick
INSERT INTO counted_sums
SELECT
    day_and_kind_of(cell) AS day_and_kind,
    dimension_of(grouping(method, template, industry, campaign, model_version, system)) AS dimension,
    CASE WHEN dimension = '' THEN '' ELSE coalesce(method, template, industry, campaign, model_version, system) END AS member,
    count(*),
    count(*) FILTER (success),
    count(approved),
    count(*) FILTER (approved),
    count(quality),
    coalesce(sum(quality), 0),
    coalesce(sum(quality * quality), 0),
    count(microseconds),
    coalesce(sum(microseconds), 0),
    coalesce(sum(microseconds::HUGEINT * microseconds), 0)
FROM uncounted
GROUP BY GROUPING SETS (
    (day_and_kind), (day_and_kind, method), (day_and_kind, template), (day_and_kind, industry),
    (day_and_kind, campaign), (day_and_kind, model_version), (day_and_kind, system)
)
HAVING member IS NOT NULL
