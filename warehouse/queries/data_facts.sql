-- one row: how much is known as of $as_of, and how fresh it is
WITH held AS (
    SELECT
        count(*) AS calls,
        count(*) FILTER (WHERE company_id IS NOT NULL) AS calls_with_company,
        count(*) FILTER (WHERE coalesce(trim(notes), '') <> '' OR coalesce(trim(transcript), '') <> '') AS calls_with_text,
        max(called_at) AS last_call_at
    FROM calls_as_of($as_of)
),
decided AS (
    SELECT
        count(*) FILTER (WHERE target = 'progression') AS progression_outcomes,
        count(*) FILTER (WHERE target = 'voice_ai') AS voice_ai_outcomes,
        max(known_at) AS last_outcome_at
    FROM outcomes_as_of($as_of)
),
labelled AS (
    SELECT count(*) FILTER (WHERE target = 'progression') AS progression_labels
    FROM outcomes_as_of($as_of)
    WHERE matures_at <= $as_of
),
scored AS (
    SELECT count(*) AS predictions, max(predicted_at) AS last_prediction_at
    FROM predictions
    WHERE predicted_at <= $as_of AND NOT starts_with(call_id, 'request:')  -- about calls, as the other figures
),
put_aside AS (
    SELECT count(*) AS quarantined FROM quarantine WHERE known_at <= $as_of
)
SELECT *
FROM held, decided, labelled, scored, put_aside;
