-- one row per call answered by $version whose progression matured from $since until before $until, and by $as_of
--
-- The answer is the last one made before the outcome was known; matured_at is when that may be learned from.
WITH matured AS (
    SELECT outcomes.call_id, outcomes.happened, outcomes.matures_at, decided.decided_at
    FROM outcomes_as_of($as_of) AS outcomes
    JOIN decided_calls_as_of($as_of) AS decided USING (call_id, target)
    WHERE target = 'progression' AND matures_at <= $as_of AND matures_at >= $since AND matures_at < $until
)
SELECT
    matured.call_id,
    matured.matures_at,
    matured.happened,
    predictions.progression_probability AS probability,
    predictions.recommendation = 'AE_HANDOFF' AS handed_over
FROM matured
JOIN predictions ON predictions.call_id = matured.call_id AND predictions.predicted_at < matured.decided_at
QUALIFY
    row_number() OVER (PARTITION BY matured.call_id ORDER BY predicted_at DESC, prediction_id) = 1
    AND predictions.progression_version = $version
ORDER BY matures_at, call_id;
