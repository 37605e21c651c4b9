-- one row per day, kind of decision, dimension and member of the file that lands
INSERT INTO decision_days
SELECT
    $file, day, log_type, dimension, member, n, successes, labelled, approved,
    quality_n, quality_sum, quality_squares, seconds_n, seconds_sum, seconds_squares, seconds_bins
FROM sums
