-- one row per call known as of `moment`: all that was known of it at the moment it is judged, but its texts
--
-- judged_at is the earliest of `moment`, two days after the call first became known, and its first outcome;
-- what happened before is counted strictly before the call first became known, each call under the company that its
-- content of that time named, so that a later correction changes no answer of the past. Mails are those that had been
-- sent to the lead in the 90 days before the call, with what people were known to have done with them by judged_at; an
-- event counts as what it was then taken for. What is sorted here is narrow: the texts are in `calls` under call_id,
-- content_hash and content_known_at.
CREATE OR REPLACE MACRO judged_calls_as_of(moment) AS TABLE
WITH known AS (
    SELECT call_id, content_hash, source, known_at, called_at, lead_id, company_id
    FROM calls
    WHERE known_at <= moment
    QUALIFY row_number() OVER (PARTITION BY call_id, known_at ORDER BY loaded_at DESC, content_hash) = 1
),
first_known AS (
    SELECT call_id, min(known_at) AS first_known_at FROM known GROUP BY call_id
),
first_decided AS (
    SELECT call_id, min(known_at) AS decided_at FROM outcomes WHERE known_at <= moment GROUP BY call_id
),
judged AS (
    SELECT
        call_id,
        first_known_at,
        greatest(first_known_at, least(moment, first_known_at + INTERVAL 2 DAY, decided_at)) AS judged_at
    FROM first_known
    LEFT JOIN first_decided USING (call_id)
),
contents AS (
    SELECT known.*, judged.first_known_at, judged.judged_at
    FROM known
    JOIN judged USING (call_id)
    WHERE known.known_at <= judged.judged_at
    QUALIFY row_number() OVER (PARTITION BY call_id ORDER BY known.known_at DESC) = 1
),
attributed AS (
    SELECT
        known_at,
        called_at,
        company_id,
        lag(company_id) OVER (PARTITION BY call_id ORDER BY known_at) AS company_id_before
    FROM known
    QUALIFY company_id IS DISTINCT FROM company_id_before
),
changes AS (
    SELECT company_id, known_at, called_at, 1 AS change FROM attributed WHERE company_id IS NOT NULL
    UNION ALL
    SELECT company_id_before, known_at, NULL, -1 FROM attributed WHERE company_id_before IS NOT NULL
),
calls_of_company AS (
    SELECT DISTINCT
        company_id,
        known_at,
        sum(change) OVER until_then AS calls,
        max(called_at) OVER until_then AS last_called_at
    FROM changes
    WINDOW until_then AS (PARTITION BY company_id ORDER BY known_at)
),
decided AS (
    SELECT
        outcomes.call_id,
        happened::INTEGER AS happened,
        greatest(outcomes.known_at, first_known_at) AS known_at  -- an outcome says nothing before its call is known
    FROM outcomes
    JOIN first_known USING (call_id)
    WHERE target = 'progression' AND outcomes.known_at <= moment
    QUALIFY row_number() OVER (PARTITION BY outcomes.call_id ORDER BY outcomes.known_at) = 1
),
statements AS (
    SELECT
        decided.call_id, split_part(decided.call_id, ':', 1) AS source, said.company_id, happened, decided.known_at
    FROM decided
    ASOF JOIN known AS said ON decided.call_id = said.call_id AND decided.known_at >= said.known_at
),
climate AS (
    SELECT
        source,
        known_at,
        (sum(happened) OVER last_100 + 1) / (count(*) OVER last_100 + 2) AS recent_rate,
        (sum(happened) OVER last_1000 + 1) / (count(*) OVER last_1000 + 2) AS long_rate
    FROM statements
    WINDOW
        last_100 AS (PARTITION BY source ORDER BY known_at, call_id ROWS BETWEEN 99 PRECEDING AND CURRENT ROW),
        last_1000 AS (PARTITION BY source ORDER BY known_at, call_id ROWS BETWEEN 999 PRECEDING AND CURRENT ROW)
    QUALIFY row_number() OVER (PARTITION BY source, known_at ORDER BY call_id DESC) = 1
),
company_record AS (
    SELECT DISTINCT
        company_id, known_at, sum(happened) OVER (PARTITION BY company_id ORDER BY known_at) AS progressed
    FROM statements
    WHERE company_id IS NOT NULL
),
contacts AS (
    SELECT
        lead_id,
        known_at,
        last_value(job_title IGNORE NULLS) OVER until_then AS job_title,
        last_value(custom ->> '$.linkedin_posts' IGNORE NULLS) OVER until_then AS posts
    FROM lead_facts
    WHERE known_at <= moment
    WINDOW until_then AS (
        PARTITION BY lead_id ORDER BY known_at, content_hash DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
    QUALIFY row_number() OVER (PARTITION BY lead_id, known_at ORDER BY content_hash) = 1
),
written_to AS (
    SELECT contents.call_id, contents.judged_at, sent_mails.message_id
    FROM contents
    JOIN sent_mails
        ON contents.lead_id = sent_mails.lead_id
        AND contents.judged_at >= sent_mails.known_at
        AND contents.called_at > sent_mails.sent_at
        AND contents.called_at - INTERVAL 90 DAY <= sent_mails.sent_at
    WHERE sent_mails.state = 'sent'
),
taken_for AS (
    SELECT
        message_id,
        kind,
        happened_at,
        known_at,
        lead(known_at, 1, 'infinity') OVER (PARTITION BY event_id ORDER BY known_at, kind) AS known_until
    FROM mail_events
    WHERE known_at <= moment AND message_id IN (SELECT message_id FROM written_to)
),
mails AS (
    SELECT
        call_id,
        written_to.message_id,
        max(happened_at) AS reacted_at,
        bool_or(kind = 'clicked') AS is_clicked,
        bool_or(kind = 'replied') AS is_replied
    FROM written_to
    LEFT JOIN (FROM taken_for WHERE kind IN ('opened', 'clicked', 'replied')) AS done  -- a machine's have other kinds
        ON written_to.message_id = done.message_id
        AND written_to.judged_at >= done.known_at
        AND written_to.judged_at < done.known_until
    GROUP BY call_id, written_to.message_id
),
mails_before AS (
    SELECT
        call_id,
        count(*) AS sent,
        count(*) FILTER (is_clicked) AS clicked,
        count(*) FILTER (is_replied) AS replied,
        max(reacted_at) AS reacted_at
    FROM mails
    GROUP BY call_id
)
SELECT
    c.call_id,
    c.content_hash,
    c.source,
    c.lead_id,
    c.known_at AS content_known_at,
    c.first_known_at,
    c.judged_at,
    c.called_at,
    c.company_id,
    coalesce(b.calls, 0)::INTEGER AS earlier_calls,
    CASE
        WHEN b.calls > 0 THEN greatest(0, epoch(c.called_at - b.last_called_at) / 86400)
    END AS days_since_earlier_call,
    coalesce(r.progressed, 0)::INTEGER AS earlier_progressed,
    w.recent_rate AS recent_progression_rate,
    w.long_rate AS long_progression_rate,
    coalesce(m.sent, 0)::INTEGER AS mails_sent,
    coalesce(m.clicked, 0)::INTEGER AS mails_clicked,
    coalesce(m.replied, 0)::INTEGER AS mails_replied,
    CASE
        WHEN m.reacted_at IS NOT NULL THEN greatest(0, epoch(c.called_at - m.reacted_at) / 86400)
    END AS days_since_mail_reaction,
    j.job_title,
    j.posts,
    f.company_id IS NOT NULL AS has_facts,
    f.* EXCLUDE (company_id, source, known_at),
    f.source AS facts_source,
    f.known_at AS facts_known_at
FROM contents AS c
LEFT JOIN mails_before AS m ON c.call_id = m.call_id
ASOF LEFT JOIN climate AS w ON c.source = w.source AND c.first_known_at > w.known_at
ASOF LEFT JOIN company_record AS r ON c.company_id = r.company_id AND c.first_known_at > r.known_at
ASOF LEFT JOIN calls_of_company AS b ON c.company_id = b.company_id AND c.first_known_at > b.known_at
ASOF LEFT JOIN contacts AS j ON c.lead_id = j.lead_id AND c.judged_at >= j.known_at
ASOF LEFT JOIN company_facts_as_of(moment) AS f ON c.company_id = f.company_id AND c.judged_at >= f.known_at;
