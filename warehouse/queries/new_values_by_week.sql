-- one row per week: how many rows have a value that no earlier week had, from `by_value`
SELECT week, coalesce(sum(n) FILTER (WHERE week = first_week), 0)::BIGINT AS n
FROM (SELECT *, min(week) OVER (PARTITION BY value) AS first_week FROM by_value WHERE value IS NOT NULL)
GROUP BY week
ORDER BY week;
