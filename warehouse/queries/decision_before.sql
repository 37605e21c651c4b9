-- one row per entry of the block that an earlier file has already: what it is known by, and what it said then
SELECT wanted.key_high, wanted.key_low, min(kept.content) AS content
FROM wanted
JOIN decision_keys AS kept USING (key_high, key_low)
GROUP BY ALL
