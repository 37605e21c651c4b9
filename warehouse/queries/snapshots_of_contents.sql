-- one row per judged call whose content stands in rows $start to $until of calls: its snapshot, in no order
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
FROM judged AS c
JOIN calls AS t ON c.call_id = t.call_id AND c.content_hash = t.content_hash AND c.content_known_at = t.known_at
WHERE t.rowid >= $start AND t.rowid < $until;
