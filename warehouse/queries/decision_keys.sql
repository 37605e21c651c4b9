-- one row per kept entry of the file: what it is known by
SELECT key_high, key_low, content FROM seen
