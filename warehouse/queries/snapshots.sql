-- one row per call known as of $as_of: the call and all that was known of it at the moment it is judged
--
-- Calls before $called_after are left out at the end, after they have been counted as history.
SELECT
    c.*,
    t.lead_name,
    t.lead_email,
    t.company_name,
    t.title,
    t.notes,
    t.transcript,
    t.own_speakers,
    t.minutes,
    t.sentiment,
    json_array_length(t.attendees)::INTEGER AS attendees,
    t.custom
FROM judged_calls_as_of($as_of) AS c
JOIN calls AS t ON c.call_id = t.call_id AND c.content_hash = t.content_hash AND c.content_known_at = t.known_at
WHERE c.called_at >= $called_after
ORDER BY c.first_known_at, c.call_id;
