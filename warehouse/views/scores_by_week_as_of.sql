-- one row per call and week in which it was scored by `moment`: the last score of that week
--
-- What was asked about no call (`request:`) is left out: it knows less of a lead, and would look like drift.
CREATE OR REPLACE MACRO scores_by_week_as_of(moment) AS TABLE
SELECT *
FROM predictions
WHERE predicted_at <= moment AND NOT starts_with(call_id, 'request:')
QUALIFY row_number() OVER (
    PARTITION BY call_id, date_trunc('week', predicted_at) ORDER BY predicted_at DESC, prediction_id
) = 1;
