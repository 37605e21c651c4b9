-- one row per decided call and target as of `moment`: its outcome, and the last prediction made before that was known
CREATE OR REPLACE MACRO foretold_calls_as_of(moment) AS TABLE
SELECT
    decided.call_id,
    decided.target,
    decided.decided_at,
    decided.happened::INTEGER AS happened,
    predictions.progression_probability,
    predictions.voice_ai_probability,
    predictions.recommendation,
    predictions.qualification_score,
    predictions.progression_version
FROM (
    SELECT call_id, target, min(known_at) AS decided_at, arg_max(happened, known_at) AS happened
    FROM outcomes
    WHERE known_at <= moment
    GROUP BY call_id, target
) AS decided
JOIN predictions ON predictions.call_id = decided.call_id AND predictions.predicted_at < decided.decided_at
QUALIFY row_number() OVER (
    PARTITION BY decided.call_id, decided.target ORDER BY predicted_at DESC, prediction_id
) = 1;
