-- one row per call: the last prediction made of it by `moment`; requests about no call (`request:`) are left out
CREATE OR REPLACE MACRO predictions_as_of(moment) AS TABLE
SELECT *
FROM predictions
WHERE predicted_at <= moment AND NOT starts_with(call_id, 'request:')
QUALIFY row_number() OVER (PARTITION BY call_id ORDER BY predicted_at DESC, prediction_id) = 1;
