-- one row, or none where no outcome is known: how calls have been ending as of $as_of
--
-- Of the source that has most of the last 1,000 outcomes, as the calls that a model learns from know it of their own
-- (`climate` of judged_calls_as_of): what a call of that source would be told that became known right after $as_of.
WITH first_known AS (
    SELECT call_id, min(known_at) AS first_known_at FROM calls WHERE known_at <= $as_of GROUP BY call_id
),
first_stated AS (
    SELECT
        outcomes.call_id,
        split_part(outcomes.call_id, ':', 1) AS source,
        happened::INTEGER AS happened,
        greatest(outcomes.known_at, first_known_at) AS stated_at
    FROM outcomes
    JOIN first_known USING (call_id)
    WHERE target = 'progression' AND outcomes.known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY outcomes.call_id ORDER BY outcomes.known_at) = 1
),
placed AS (
    SELECT
        *,
        row_number() OVER (ORDER BY stated_at DESC, call_id DESC) AS place,
        row_number() OVER (PARTITION BY source ORDER BY stated_at DESC, call_id DESC) AS place_in_source
    FROM first_stated
),
foremost AS (
    SELECT source
    FROM placed
    WHERE place <= 1000
    GROUP BY source
    ORDER BY count(*) DESC, max(stated_at) DESC, source
    LIMIT 1
)
SELECT
    source,
    count(*) AS outcomes,
    (sum(happened) FILTER (place_in_source <= 100) + 1)
        / (count(*) FILTER (place_in_source <= 100) + 2) AS recent_progression_rate,
    (sum(happened) FILTER (place_in_source <= 1000) + 1)
        / (count(*) FILTER (place_in_source <= 1000) + 2) AS long_progression_rate
FROM placed
JOIN foremost USING (source)
GROUP BY source;
