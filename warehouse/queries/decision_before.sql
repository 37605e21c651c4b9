-- one row per entry of the block that an earlier file has already: what it is known by, and what it said then
SELECT readable.key_high, readable.key_low, min(kept.content) AS content
FROM readable
JOIN decision_keys AS kept USING (key_high, key_low)
GROUP BY ALL
