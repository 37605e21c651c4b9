-- one row: how many rows are counted
SELECT count(*) AS n FROM counted;
