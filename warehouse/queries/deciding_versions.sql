-- one row per pair of model versions that scored from $week for seven days as of $as_of
SELECT progression_version, voice_ai_version, count(*) AS predictions
FROM predictions
WHERE predicted_at >= $week AND predicted_at < $week::TIMESTAMP + INTERVAL 7 DAY AND predicted_at <= $as_of
GROUP BY ALL
ORDER BY predictions DESC, progression_version, voice_ai_version;
