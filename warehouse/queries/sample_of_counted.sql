-- one row per sampled row of `counted`, spread evenly and always the same ones: $features as numbers
--
-- Multiples of the golden section modulo 1 are as evenly spread as can be (Knuth, TAOCP 3, 6.4); a share $share of them is
-- small enough. All rows where $share is 1.
SELECT COLUMNS($features)::DOUBLE
FROM counted
WHERE (file_row_number * 2654435769) % 4294967296 < 4294967296 * $share;
