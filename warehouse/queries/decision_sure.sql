-- one row per line that is in doubt
CREATE OR REPLACE TEMP TABLE doubtful AS SELECT line FROM read_lines WHERE NOT is_sure;

-- one row per line that is surely an entry, or was in doubt and is judged by now
CREATE OR REPLACE TEMP VIEW parsed AS SELECT * EXCLUDE is_sure FROM read_lines WHERE is_sure
