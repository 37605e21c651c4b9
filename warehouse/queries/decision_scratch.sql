-- one empty table each of what is remembered of a file between its blocks: identities and counts
CREATE OR REPLACE TEMP TABLE seen (key_high UBIGINT, key_low UBIGINT, content UBIGINT);
CREATE OR REPLACE TEMP TABLE counted_bins (cell BIGINT, dimension VARCHAR, member VARCHAR, n BIGINT);
CREATE OR REPLACE TEMP TABLE counted_sums (
    day_and_kind BIGINT, dimension VARCHAR, member VARCHAR, n BIGINT, successes BIGINT, labelled BIGINT, approved BIGINT,
    quality_n BIGINT, quality_sum HUGEINT, quality_squares HUGEINT,
    seconds_n BIGINT, seconds_sum HUGEINT, seconds_squares HUGEINT
);
