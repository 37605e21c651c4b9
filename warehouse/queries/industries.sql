-- one row per industry of calls decided from $since to $as_of: how many progressed, of all and of those handed to an AE
WITH decided AS (
    SELECT call_id, happened::INTEGER AS happened
    FROM decided_calls_as_of($as_of)
    WHERE target = 'progression' AND decided_at >= $since
),
handed_off AS (
    SELECT call_id FROM foretold_calls_as_of($as_of) WHERE target = 'progression' AND recommendation = 'AE_HANDOFF'
)
SELECT
    industry_of.industry,
    count(*) AS decided,
    sum(decided.happened)::BIGINT AS progressed,
    count(handed_off.call_id) AS handed_off,
    coalesce(sum(decided.happened) FILTER (WHERE handed_off.call_id IS NOT NULL), 0)::BIGINT AS handed_off_progressed
FROM decided
JOIN calls_as_of($as_of) AS called USING (call_id)
JOIN industries_as_of($as_of) AS industry_of USING (company_id)
LEFT JOIN handed_off USING (call_id)
GROUP BY industry_of.industry
ORDER BY decided DESC, industry;
