-- Logged decisions: which files have landed, and what was counted of each. The entries are in Parquet files by day.

-- one row per landed file; a file without a row does not exist for any reader
CREATE TABLE decision_files (
    name VARCHAR PRIMARY KEY,
    digest VARCHAR NOT NULL,      -- SHA-256 of the whole file
    bytes BIGINT NOT NULL,
    lines BIGINT NOT NULL,        -- = kept + duplicates + rejected
    kept BIGINT NOT NULL,
    duplicates BIGINT NOT NULL,
    rejected BIGINT NOT NULL,
    lost BIGINT NOT NULL,         -- entries that a logger had to drop, by its own count
    first_day DATE,
    last_day DATE,
    known_at TIMESTAMP NOT NULL
);

-- one row per landed file, day (UTC), kind of decision, dimension and member; dimension '' holds all entries
CREATE TABLE decision_days (
    file VARCHAR NOT NULL,
    day DATE NOT NULL,
    log_type VARCHAR NOT NULL,
    dimension VARCHAR NOT NULL,
    member VARCHAR NOT NULL,
    n BIGINT NOT NULL,
    successes BIGINT NOT NULL,
    labelled BIGINT NOT NULL,           -- entries that say whether they were approved
    approved BIGINT NOT NULL,
    quality_n BIGINT NOT NULL,
    quality_sum HUGEINT NOT NULL,       -- thousandths of a point
    quality_squares HUGEINT NOT NULL,   -- their squares
    seconds_n BIGINT NOT NULL,
    seconds_sum HUGEINT NOT NULL,       -- microseconds
    seconds_squares HUGEINT NOT NULL,   -- their squares
    seconds_bins MAP(SMALLINT, BIGINT) NOT NULL,  -- entries by bin; bin b holds 1.05^b up to 1.05^(b+1) seconds
    PRIMARY KEY (file, day, log_type, dimension, member)
);

-- one row per landed file and reason for which lines of it were set aside
CREATE TABLE decision_rejects (
    file VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    n BIGINT NOT NULL,
    PRIMARY KEY (file, reason)
);

-- one row per kept entry: what it is known by, so that it is not counted again from another file; 24 bytes each
CREATE TABLE decision_keys (
    key_high UBIGINT NOT NULL,   -- upper and lower half of an MD5
    key_low UBIGINT NOT NULL,
    content UBIGINT NOT NULL     -- DuckDB's hash of its line
);
