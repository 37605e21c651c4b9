-- one row per recording among $ids: its latest payload, and its note's latest payload, known as of $as_of
WITH latest AS (
    SELECT *
    FROM raw_payloads
    WHERE source = 'fellow' AND known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY kind, external_id ORDER BY known_at DESC, loaded_at DESC) = 1
),
recordings AS (
    SELECT * FROM latest WHERE kind = 'recording' AND external_id IN (SELECT unnest($ids))
),
notes AS (
    SELECT * FROM latest WHERE kind = 'note'
)
SELECT
    recordings.body::VARCHAR AS recording,
    notes.body::VARCHAR AS note,
    greatest(recordings.known_at, notes.known_at) AS known_at
FROM recordings
LEFT JOIN notes ON notes.external_id = recordings.body ->> 'note_id'
ORDER BY recordings.external_id;
