-- one row per lead scored from $week for seven days as of $as_of: its last score of that week, highest first
--
-- What somebody merely asked over the REST API (about no call: `request:`) is no score of the lead; as in
-- database/predictions.py, counts_for_lead.
WITH last_scores AS (
    SELECT *
    FROM predictions
    WHERE predicted_at >= $week AND predicted_at < $week::TIMESTAMP + INTERVAL 7 DAY AND predicted_at <= $as_of
        AND (source IN ('flow', 'webhook', 'cli', 'page') OR NOT starts_with(call_id, 'request:'))
    QUALIFY row_number() OVER (PARTITION BY lead_id ORDER BY predicted_at DESC, prediction_id) = 1
),
best AS (
    SELECT * FROM last_scores ORDER BY qualification_score DESC, predicted_at DESC, lead_id LIMIT $at_most
)
SELECT
    best.lead_id,
    called.lead_name,
    coalesce(called.company_name, best.company_name) AS company_name,
    best.qualification_score,
    best.progression_probability,
    best.voice_ai_fit,
    best.recommendation,
    best.priority,
    best.reasons,
    best.predicted_at
FROM best
LEFT JOIN calls_as_of($as_of) AS called USING (call_id)
ORDER BY qualification_score DESC, predicted_at DESC, lead_id;
