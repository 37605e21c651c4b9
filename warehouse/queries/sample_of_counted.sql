-- a table of 20,000 rows of `counted`, always the same ones: what the edges of bins are learned from
CREATE TEMP TABLE sampled AS
SELECT * FROM counted USING SAMPLE reservoir(20000 ROWS) REPEATABLE (7);
