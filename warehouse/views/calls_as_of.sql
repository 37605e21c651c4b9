-- one row per call known as of `moment`: its latest content then, and when the call first became known
CREATE OR REPLACE MACRO calls_as_of(moment) AS TABLE
WITH known AS (
    SELECT *, min(known_at) OVER (PARTITION BY call_id) AS first_known_at
    FROM calls
    WHERE known_at <= moment
)
SELECT *
FROM known
QUALIFY row_number() OVER (PARTITION BY call_id ORDER BY known_at DESC, loaded_at DESC) = 1;
