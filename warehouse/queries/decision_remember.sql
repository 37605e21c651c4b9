-- one row per kept entry of the block: what it is known by, and what is to be counted of it
INSERT INTO seen SELECT key, content FROM kept;

INSERT INTO uncounted
SELECT
    day, log_type, method, template, industry, campaign, model_version, system, success, approved, quality, microseconds
FROM kept
