-- one row per pair of model versions that scored calls from $week for seven days as of $as_of
--
-- What was asked about no call (`request:`) is left out.
SELECT progression_version, voice_ai_version, count(*) AS predictions
FROM predictions
WHERE predicted_at >= $week AND predicted_at < $week::TIMESTAMP + INTERVAL 7 DAY AND predicted_at <= $as_of
    AND NOT starts_with(call_id, 'request:')
GROUP BY ALL
ORDER BY predictions DESC, progression_version, voice_ai_version;
