-- one row per call and week in which it was scored by `moment`: the last score of that week
CREATE OR REPLACE MACRO scores_by_week_as_of(moment) AS TABLE
SELECT *
FROM predictions
WHERE predicted_at <= moment
QUALIFY row_number() OVER (
    PARTITION BY call_id, date_trunc('week', predicted_at) ORDER BY predicted_at DESC, prediction_id
) = 1;
