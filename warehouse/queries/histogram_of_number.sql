-- one row per week with rows: how many rows, and how many with a value in each bin; the others have none
--
-- `counted` is the table being counted; $feature its column, $edges the upper edges of the bins (the last is infinite, and
-- what is not a number comes after it, under no edge). A week is seven days from $since on, numbered from 0; one before
-- $since has a number below 0.
SELECT
    floor((epoch(judged_at) - epoch($since::TIMESTAMP)) / 604800)::INTEGER AS week,
    count(*) AS n,
    histogram(value, $edges) AS bins
FROM (SELECT "(judged at)" AS judged_at, COLUMNS([$feature])::DOUBLE AS value FROM counted)
GROUP BY week
ORDER BY week;
