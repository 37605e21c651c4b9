-- one row per kept entry of the block: what it is known by
INSERT INTO seen SELECT key_high, key_low, content FROM kept
