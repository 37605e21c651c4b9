-- one row per row of `counted`: its week, and each of $features as a number
--
-- A week is seven days from $since on, numbered from 0; one before $since has a number below 0.
SELECT
    floor((epoch("(judged at)") - epoch($since::TIMESTAMP)) / 604800)::INTEGER AS "(week)",
    COLUMNS($features)::DOUBLE
FROM counted;
