-- one row per call that $version answered from the start and whose progression is settled as of $as_of, in the order in
-- which the calls became known
--
-- The answer is the last one made before the outcome was known. Whole cohorts only: calls that were open already when
-- the version first answered are those that had not ended soon, and young calls with an outcome are those that had. So a
-- call counts if it became known after the version's first answer, and once it is as old as nine tenths of the outcomes
-- known so far took to mature.
WITH matured AS (
    SELECT outcomes.call_id, outcomes.happened, outcomes.matures_at, decided.decided_at, calls.first_known_at, company_id
    FROM outcomes_as_of($as_of) AS outcomes
    JOIN decided_calls_as_of($as_of) AS decided USING (call_id, target)
    JOIN calls_as_of($as_of) AS calls USING (call_id)
    WHERE target = 'progression' AND matures_at <= $as_of
),
waited AS (
    SELECT to_seconds(quantile_disc(greatest(0, epoch(matures_at - first_known_at)), 0.9)) AS delay FROM matured
),
first_answer AS (
    SELECT min(predicted_at) AS answered_at
    FROM predictions
    WHERE progression_version = $version AND NOT starts_with(call_id, 'request:')  -- a request begins no cohort
)
SELECT
    matured.call_id,
    matured.first_known_at AS known_at,
    happened,
    progression_probability AS probability,
    voice_ai_probability,
    company_id
FROM matured
JOIN waited ON matured.first_known_at + waited.delay <= $as_of
JOIN first_answer ON matured.first_known_at >= first_answer.answered_at
JOIN predictions ON predictions.call_id = matured.call_id AND predictions.predicted_at < matured.decided_at
QUALIFY
    row_number() OVER (PARTITION BY matured.call_id ORDER BY predicted_at DESC, prediction_id) = 1
    AND predictions.progression_version = $version
ORDER BY matured.first_known_at, matured.call_id;
