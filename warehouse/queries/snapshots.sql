-- one row per call known as of $as_of: the call and all that was known of it at the moment it is judged
--
-- judged_at is the earliest of $as_of, two days after the call first became known, and its first outcome;
-- what happened before is counted strictly before the call first became known. Calls before $called_after are left out
-- at the end, after they have been counted as history.
WITH known AS (
    SELECT * FROM calls WHERE known_at <= $as_of
),
first_known AS (
    SELECT call_id, min(known_at) AS first_known_at FROM known GROUP BY call_id
),
first_decided AS (
    SELECT call_id, min(known_at) AS decided_at FROM outcomes WHERE known_at <= $as_of GROUP BY call_id
),
judged AS (
    SELECT
        call_id,
        first_known_at,
        greatest(first_known_at, least($as_of, first_known_at + INTERVAL 2 DAY, decided_at)) AS judged_at
    FROM first_known
    LEFT JOIN first_decided USING (call_id)
),
contents AS (
    SELECT known.*, judged.first_known_at, judged.judged_at
    FROM known
    JOIN judged USING (call_id)
    WHERE known.known_at <= judged.judged_at
    QUALIFY row_number() OVER (PARTITION BY call_id ORDER BY known.known_at DESC, loaded_at DESC) = 1
),
with_earlier_calls AS (
    SELECT
        *,
        count(*) OVER same_company_before AS calls_before,
        max(called_at) OVER same_company_before AS called_before_at
    FROM contents
    WINDOW same_company_before AS (
        PARTITION BY company_id ORDER BY first_known_at
        RANGE BETWEEN UNBOUNDED PRECEDING AND INTERVAL 1 MICROSECOND PRECEDING
    )
),
statements AS (
    SELECT
        outcomes.call_id,
        split_part(outcomes.call_id, ':', 1) AS source,
        known.company_id,
        happened::INTEGER AS happened,
        greatest(outcomes.known_at, known.first_known_at) AS known_at  -- an outcome says nothing before its call is known
    FROM outcomes
    JOIN contents AS known USING (call_id)
    WHERE target = 'progression' AND outcomes.known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY outcomes.call_id ORDER BY outcomes.known_at) = 1
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
    SELECT company_id, known_at, sum(happened) OVER (PARTITION BY company_id ORDER BY known_at) AS progressed
    FROM statements
    WHERE company_id IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY company_id, known_at ORDER BY call_id DESC) = 1
),
job_titles AS (
    SELECT lead_id, known_at, job_title
    FROM lead_facts
    WHERE known_at <= $as_of
    QUALIFY row_number() OVER (PARTITION BY lead_id, known_at ORDER BY content_hash) = 1
)
SELECT
    c.call_id,
    c.content_hash,
    c.source,
    c.lead_id,
    c.lead_name,
    c.lead_email,
    c.first_known_at,
    c.judged_at,
    c.called_at,
    c.company_id,
    c.company_name,
    c.title,
    c.notes,
    c.transcript,
    c.minutes,
    c.sentiment,
    json_array_length(c.attendees)::INTEGER AS attendees,
    c.custom,
    CASE WHEN c.company_id IS NULL THEN 0 ELSE c.calls_before END::INTEGER AS earlier_calls,
    CASE
        WHEN c.company_id IS NOT NULL AND c.calls_before > 0
        THEN greatest(0, epoch(c.called_at - c.called_before_at) / 86400)
    END AS days_since_earlier_call,
    coalesce(r.progressed, 0)::INTEGER AS earlier_progressed,
    w.recent_rate AS recent_progression_rate,
    w.long_rate AS long_progression_rate,
    f.company_id IS NOT NULL AS has_facts,
    f.* EXCLUDE (company_id, source, known_at),
    f.source AS facts_source,
    f.known_at AS facts_known_at,
    j.job_title
FROM with_earlier_calls AS c
ASOF LEFT JOIN climate AS w ON c.source = w.source AND c.first_known_at > w.known_at
ASOF LEFT JOIN company_record AS r ON c.company_id = r.company_id AND c.first_known_at > r.known_at
ASOF LEFT JOIN company_facts_as_of($as_of) AS f ON c.company_id = f.company_id AND c.judged_at >= f.known_at
ASOF LEFT JOIN job_titles AS j ON c.lead_id = j.lead_id AND c.judged_at >= j.known_at
WHERE c.called_at >= $called_after
ORDER BY c.first_known_at, c.call_id;
