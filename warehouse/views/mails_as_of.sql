-- one row per mail that was sent, as known at `moment`: with what people did with it, and when first
-- What a machine did has other kinds; an event counts as the kind that it was last taken for.
CREATE OR REPLACE MACRO mails_as_of(moment) AS TABLE
WITH events AS (
    SELECT
        event_id, arg_max(kind, known_at) AS kind, any_value(message_id) AS message_id,
        any_value(happened_at) AS happened_at
    FROM mail_events
    WHERE known_at <= moment AND message_id IS NOT NULL
    GROUP BY event_id
),
came_of AS (
    SELECT
        message_id,
        min(happened_at) FILTER (kind = 'opened') AS opened_at,
        min(happened_at) FILTER (kind = 'clicked') AS clicked_at,
        min(happened_at) FILTER (kind = 'replied') AS replied_at,
        min(happened_at) FILTER (kind = 'bounced') AS bounced_at,
        min(happened_at) FILTER (kind IN ('unsubscribed', 'complained')) AS left_at
    FROM events
    GROUP BY message_id
)
SELECT
    sent_mails.message_id, campaign_id, lead_id, sequence, template, sent_at,
    opened_at, clicked_at, replied_at, bounced_at, left_at
FROM sent_mails
LEFT JOIN came_of USING (message_id)
WHERE state = 'sent' AND known_at <= moment;
