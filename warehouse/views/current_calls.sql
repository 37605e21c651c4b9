-- one row per call: its latest content, whenever that became known (for people; flows ask as of a moment)
CREATE OR REPLACE VIEW current_calls AS
SELECT *
FROM calls
QUALIFY row_number() OVER (PARTITION BY call_id ORDER BY known_at DESC, loaded_at DESC) = 1;
