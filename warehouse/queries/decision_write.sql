-- one row per kept entry of the block, in a Parquet file by day: what is counted of it, and the whole entry as it came
COPY (
    SELECT
        day, line, log_type, system, method, template, industry, campaign AS campaign_id, model_version,
        success, approved AS success_indicator, quality / 1000.0 AS quality_score,
        microseconds / 1000000.0 AS seconds, text AS entry
    FROM kept
    JOIN lines USING (line)
) TO $folder (
    FORMAT parquet, COMPRESSION snappy, PARTITION_BY (day), FILENAME_PATTERN $pattern, OVERWRITE_OR_IGNORE
)
