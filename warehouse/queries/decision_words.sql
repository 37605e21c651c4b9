-- one macro per question that is asked of a value of JSON, given its kind as json_type says it
CREATE OR REPLACE TEMP MACRO is_absent(kind) AS coalesce(kind, 'NULL') = 'NULL';
CREATE OR REPLACE TEMP MACRO is_number(kind) AS kind IN ('UBIGINT', 'BIGINT', 'DOUBLE');
CREATE OR REPLACE TEMP MACRO is_word(kind) AS kind = 'VARCHAR' OR is_number(kind);
CREATE OR REPLACE TEMP MACRO in_words(kind) AS CASE
    WHEN is_absent(kind) THEN 'is missing'
    WHEN kind = 'VARCHAR' THEN 'is a text'
    WHEN kind = 'BOOLEAN' THEN 'is true or false'
    WHEN kind = 'OBJECT' THEN 'is an object'
    WHEN kind = 'ARRAY' THEN 'is a list'
    ELSE 'is a number' END;
CREATE OR REPLACE TEMP MACRO unless_object(field, kind) AS
    CASE WHEN NOT is_absent(kind) AND kind <> 'OBJECT' THEN field || ': ' || in_words(kind) || ', not an object' END;
CREATE OR REPLACE TEMP MACRO unless_text(field, kind) AS
    CASE WHEN NOT is_absent(kind) AND kind <> 'VARCHAR' THEN field || ': ' || in_words(kind) || ', not a text' END;
CREATE OR REPLACE TEMP MACRO unless_word(field, kind) AS
    CASE WHEN NOT is_absent(kind) AND NOT is_word(kind) THEN
        field || ': ' || in_words(kind) || ', not a text or number' END;
CREATE OR REPLACE TEMP MACRO unless_boolean(field, kind) AS
    CASE WHEN NOT is_absent(kind) AND kind <> 'BOOLEAN' THEN
        field || ': ' || in_words(kind) || ', not true or false' END;
CREATE OR REPLACE TEMP MACRO unless_level(field, kind, said) AS
    CASE WHEN is_absent(kind) OR (kind = 'VARCHAR' AND said IN ('high', 'medium', 'low')) THEN NULL
    ELSE field || ': is none of high, medium, low' END;
CREATE OR REPLACE TEMP MACRO first_word(kind_1, said_1, kind_2, said_2, kind_3, said_3) AS
    CASE WHEN is_word(kind_1) THEN said_1 WHEN is_word(kind_2) THEN said_2 WHEN is_word(kind_3) THEN said_3 END;
-- not what an object, a list, true or false reads as
CREATE OR REPLACE TEMP MACRO looks_plain(said) AS
    NOT coalesce(prefix(said, '{') OR prefix(said, '[') OR said IN ('true', 'false'), false);
CREATE OR REPLACE TEMP MACRO is_said(said) AS CASE WHEN said BETWEEN '!' AND '~' THEN true ELSE trim(said) <> '' END;
-- not a number with an exponent, whose text depends on how it is read
CREATE OR REPLACE TEMP MACRO reads_alike(said) AS
    CASE WHEN said < ':' AND strlen(said) <= 24 THEN NOT regexp_matches(said, 'e[+-]\d+$') ELSE true END;
CREATE OR REPLACE TEMP MACRO unless_null(json) AS CASE WHEN json::VARCHAR <> 'null' THEN json::VARCHAR END;
CREATE OR REPLACE TEMP MACRO is_numeral(said) AS
    regexp_full_match(said, '\d{1,20}(\.\d{1,20})?([eE][+-]?\d{1,2})?');
CREATE OR REPLACE TEMP MACRO is_object_or_absent(kind) AS coalesce(kind, 'NULL') IN ('NULL', 'OBJECT');
-- A time is a date, or a date and a time with or without an offset; without one it is UTC.
CREATE OR REPLACE TEMP MACRO moment_of(said) AS CASE WHEN regexp_full_match(
        said, '\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?)?'
    ) THEN make_timestamp(epoch_us(try_cast(said AS TIMESTAMPTZ))) END;
-- Who has no entry_id is known by its whole line. Two systems may number their entries alike.
CREATE OR REPLACE TEMP MACRO identity_of(text, entry_id, system) AS CASE
    WHEN entry_id IS NULL THEN md5_number(text)
    ELSE md5_number('entry ' || coalesce(system, '') || ' ' || entry_id) END;
CREATE OR REPLACE TEMP MACRO upper_half(key) AS (key >> 64)::UBIGINT;
CREATE OR REPLACE TEMP MACRO lower_half(key) AS (key & 18446744073709551615::UHUGEINT)::UBIGINT;
-- A day and a kind of decision are one number, with the bin of seconds (0 where none are stated) another: numbers group
-- faster than texts. Bin b holds 1.05^b up to 1.05^(b+1) seconds, from -284 (a microsecond) up to 354 (a year).
CREATE OR REPLACE TEMP MACRO kinds() AS [
    'campaign_generation', 'enrichment_decision', 'website_analysis', 'airtable_operation',
    'scoring_decision', 'qualification_decision', 'routing_decision', 'nurture_decision', 'log_loss'
];
CREATE OR REPLACE TEMP MACRO cell_of(day, log_type, microseconds) AS
    ((day - DATE '1970-01-01')::BIGINT * 16 + list_position(kinds(), log_type)) * 2048
    + CASE WHEN microseconds IS NULL THEN 0
        ELSE 1024 + floor(ln(greatest(microseconds, 1) / 1000000.0) / ln(1.05))::SMALLINT END;
CREATE OR REPLACE TEMP MACRO bin_of(cell) AS (nullif(cell % 2048, 0) - 1024)::SMALLINT;
CREATE OR REPLACE TEMP MACRO day_and_kind_of(cell) AS cell // 2048;
CREATE OR REPLACE TEMP MACRO day_of(day_and_kind) AS DATE '1970-01-01' + (day_and_kind // 16)::INTEGER;
CREATE OR REPLACE TEMP MACRO kind_of(day_and_kind) AS kinds()[day_and_kind % 16];
-- Of the six dimensions all are left out of a group, or all but one.
CREATE OR REPLACE TEMP MACRO dimension_of(left_out) AS CASE left_out
    WHEN 63 THEN '' WHEN 31 THEN 'method' WHEN 47 THEN 'template' WHEN 55 THEN 'industry'
    WHEN 59 THEN 'campaign' WHEN 61 THEN 'model_version' ELSE 'system' END;
