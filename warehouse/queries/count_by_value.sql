-- a table of one row per week and value of $feature: how many rows of `counted` have it
--
-- A week is seven days from $since on, numbered from 0.
CREATE OR REPLACE TEMP TABLE by_value AS
SELECT
    floor((epoch(judged_at) - epoch($since::TIMESTAMP)) / 604800)::INTEGER AS week,
    value,
    count(*) AS n
FROM (SELECT "(judged at)" AS judged_at, COLUMNS([$feature])::VARCHAR AS value FROM counted)
GROUP BY week, value;
