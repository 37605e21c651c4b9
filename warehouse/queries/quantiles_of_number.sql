-- one row: the quantiles $shares of $feature over the rows of `sampled`, and the first twenty of its distinct values
SELECT quantile_disc(value, $shares) AS quantiles, list(DISTINCT value ORDER BY value)[1:20] AS first_values
FROM (SELECT COLUMNS([$feature])::DOUBLE AS value FROM sampled)
WHERE NOT isnan(value);
