-- one row per call that $version answered from $since until before $until: its last answer there before its outcome was
-- known, and the outcome, NULL where it had not matured by $as_of
WITH answered AS (
    SELECT
        predictions.call_id,
        predictions.predicted_at,
        predictions.progression_probability AS probability,
        predictions.recommendation = 'AE_HANDOFF' AS handed_over
    FROM predictions
    LEFT JOIN decided_calls_as_of($as_of) AS decided
        ON decided.call_id = predictions.call_id AND decided.target = 'progression'
    WHERE
        progression_version = $version
        AND predicted_at >= $since AND predicted_at < $until AND predicted_at <= $as_of
        AND NOT starts_with(predictions.call_id, 'request:')
        AND (decided.decided_at IS NULL OR predicted_at < decided.decided_at)
    QUALIFY row_number() OVER (PARTITION BY predictions.call_id ORDER BY predicted_at DESC, prediction_id) = 1
)
SELECT answered.*, outcomes.happened
FROM answered
LEFT JOIN outcomes_as_of($as_of) AS outcomes
    ON outcomes.call_id = answered.call_id AND outcomes.target = 'progression' AND outcomes.matures_at <= $as_of
ORDER BY predicted_at, answered.call_id;
