-- one row per week and place of a value: how many rows have it, from `by_value`
--
-- The place of a value is its position in $values from 1 on, 0 where it is one of $others, -1 where it is in neither (new),
-- and NULL where there is no value.
WITH known AS (
    SELECT unnest($values::VARCHAR[]) AS value, unnest(range(1, len($values::VARCHAR[]) + 1)) AS place
    UNION ALL
    SELECT unnest($others::VARCHAR[]), 0
)
SELECT week, CASE WHEN by_value.value IS NULL THEN NULL ELSE coalesce(place, -1) END AS place, sum(n)::BIGINT AS n
FROM by_value
LEFT JOIN known ON known.value = by_value.value
GROUP BY ALL
ORDER BY week, place;
