-- one row per call and target: the last statement of its outcome known as of `moment`
CREATE OR REPLACE MACRO outcomes_as_of(moment) AS TABLE
SELECT *
FROM outcomes
WHERE known_at <= moment
QUALIFY row_number() OVER (PARTITION BY call_id, target ORDER BY known_at DESC) = 1;
