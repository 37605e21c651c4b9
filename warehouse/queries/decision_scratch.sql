-- one empty table each of what is remembered of a file between its blocks: identities, what is to be counted, and counts
CREATE OR REPLACE TEMP TABLE seen (key UHUGEINT, content UBIGINT);
CREATE OR REPLACE TEMP TABLE uncounted (
    day DATE, log_type VARCHAR, method VARCHAR, template VARCHAR, industry VARCHAR, campaign VARCHAR,
    model_version VARCHAR, system VARCHAR, success BOOLEAN, approved BOOLEAN, quality BIGINT, microseconds BIGINT
);
CREATE OR REPLACE TEMP TABLE counted (
    day DATE, log_type VARCHAR, dimension VARCHAR, member VARCHAR, bin SMALLINT,
    n BIGINT, successes BIGINT, labelled BIGINT, approved BIGINT,
    quality_n BIGINT, quality_sum HUGEINT, quality_squares HUGEINT,
    seconds_n BIGINT, seconds_sum HUGEINT, seconds_squares HUGEINT
);
