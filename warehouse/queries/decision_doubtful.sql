-- one row per line that is in doubt (`doubtful`): the fields it states, or what is wrong with it, found out with its kinds of values
WITH documents AS (
    SELECT line, text, unreadable, CASE WHEN json_valid(text) THEN text END AS document
    FROM lines
    WHERE line IN (SELECT line FROM doubtful)
),

looked_up AS (
    SELECT
        line, text, unreadable, document,
        json_type(document, [
            '$', '$.log_type', '$.session_id', '$.timestamp', '$.entry_id', '$.system',
            '$.lead_identifier', '$.lead_identifier.name', '$.lead_identifier.company', '$.lead_identifier.industry',
            '$.input_data', '$.output_data',
            '$.decision_reasoning', '$.decision_reasoning.method_used', '$.decision_reasoning.confidence_level',
            '$.decision_reasoning.processing_time', '$.decision_reasoning.success',
            '$.training_labels', '$.training_labels.quality_score', '$.training_labels.success_indicator',
            '$.training_labels.improvement_potential',
            '$.template', '$.input_data.template', '$.output_data.template',
            '$.campaign_id', '$.input_data.campaign_id', '$.output_data.campaign_id',
            '$.model_version', '$.input_data.model_version', '$.output_data.model_version'
        ]) AS k,
        json_extract_string(document, [
            '$.log_type', '$.session_id', '$.timestamp', '$.entry_id', '$.system',
            '$.lead_identifier.name', '$.lead_identifier.company', '$.lead_identifier.industry',
            '$.decision_reasoning.method_used', '$.decision_reasoning.confidence_level',
            '$.decision_reasoning.processing_time', '$.decision_reasoning.success',
            '$.training_labels.quality_score', '$.training_labels.success_indicator',
            '$.training_labels.improvement_potential',
            '$.template', '$.input_data.template', '$.output_data.template',
            '$.campaign_id', '$.input_data.campaign_id', '$.output_data.campaign_id',
            '$.model_version', '$.input_data.model_version', '$.output_data.model_version',
            '$.output_data.lost'
        ]) AS v
    FROM documents
),

-- each value under the name of its field, its kind under the same name with _kind
named AS (
    SELECT
        line, text, unreadable, document,
        k[1] AS kind, k[2] AS log_type_kind, k[3] AS session_id_kind, k[4] AS timestamp_kind, k[5] AS entry_id_kind,
        k[6] AS system_kind, k[7] AS lead_kind, k[8] AS name_kind, k[9] AS company_kind, k[10] AS industry_kind,
        k[11] AS input_kind, k[12] AS output_kind, k[13] AS reasoning_kind, k[14] AS method_kind,
        k[15] AS confidence_kind, k[16] AS seconds_kind, k[17] AS success_kind, k[18] AS labels_kind,
        k[19] AS quality_kind, k[20] AS approved_kind, k[21] AS potential_kind,
        k[22] AS template_kind, k[25] AS campaign_kind, k[28] AS version_kind,
        v[1] AS log_type, v[2] AS session_id, v[3] AS stated_at, v[4] AS entry_id, v[5] AS system,
        v[6] AS lead_name, v[7] AS company, v[8] AS industry,
        v[9] AS method, v[10] AS confidence, v[11] AS stated_seconds, v[12] AS success, v[13] AS stated_quality,
        v[14] AS approved, v[15] AS improvement_potential,
        first_word(k[22], v[16], k[23], v[17], k[24], v[18]) AS template,
        first_word(k[25], v[19], k[26], v[20], k[27], v[21]) AS campaign,
        first_word(k[28], v[22], k[29], v[23], k[30], v[24]) AS model_version,
        v[25] AS stated_lost
    FROM looked_up
),

measured AS (
    SELECT
        *,
        moment_of(stated_at) AS decided_at,
        CASE WHEN is_number(seconds_kind) OR is_numeral(stated_seconds) THEN try_cast(stated_seconds AS DOUBLE) END
            AS seconds,
        CASE WHEN is_number(quality_kind) THEN try_cast(stated_quality AS DOUBLE) END AS quality
    FROM named
),

judged AS (
    SELECT *, CASE
        WHEN unreadable IS NOT NULL THEN unreadable
        WHEN document IS NULL THEN 'line: is no JSON'
        WHEN kind <> 'OBJECT' THEN 'line: ' || in_words(kind) || ', not an object'
        WHEN log_type_kind IS DISTINCT FROM 'VARCHAR' THEN 'log_type: ' || in_words(log_type_kind) || ', a text is needed'
        WHEN log_type NOT IN (
            'campaign_generation', 'enrichment_decision', 'website_analysis', 'airtable_operation',
            'scoring_decision', 'qualification_decision', 'routing_decision', 'nurture_decision', 'log_loss'
        ) THEN 'log_type: is not known'
        WHEN NOT coalesce(is_word(session_id_kind), false)
            THEN 'session_id: ' || in_words(session_id_kind) || ', a text is needed'
        WHEN trim(session_id) = '' THEN 'session_id: is empty'
        WHEN timestamp_kind IS DISTINCT FROM 'VARCHAR'
            THEN 'timestamp: ' || in_words(timestamp_kind) || ', a text is needed'
        WHEN decided_at IS NULL THEN 'timestamp: is no moment in ISO 8601'
        WHEN decided_at > $latest THEN 'timestamp: lies more than a day ahead'
        WHEN decided_at < TIMESTAMP '2000-01-01' THEN 'timestamp: is before the year 2000'
        WHEN reasoning_kind IS DISTINCT FROM 'OBJECT'
            THEN 'decision_reasoning: ' || in_words(reasoning_kind) || ', an object is needed'
        WHEN NOT coalesce(is_word(method_kind), false)
            THEN 'decision_reasoning.method_used: ' || in_words(method_kind) || ', a text is needed'
        WHEN trim(method) = '' THEN 'decision_reasoning.method_used: is empty'
        WHEN success_kind IS DISTINCT FROM 'BOOLEAN'
            THEN 'decision_reasoning.success: ' || in_words(success_kind) || ', true or false is needed'
        WHEN NOT is_absent(seconds_kind) AND (seconds IS NULL OR NOT isfinite(seconds))
            THEN 'decision_reasoning.processing_time: is no number of seconds'
        WHEN seconds < 0 THEN 'decision_reasoning.processing_time: is less than 0'
        WHEN seconds > 31536000 THEN 'decision_reasoning.processing_time: is more than a year'
        WHEN NOT is_absent(quality_kind) AND (quality IS NULL OR NOT quality BETWEEN 0 AND 100)
            THEN 'training_labels.quality_score: is no number from 0 to 100'
        ELSE coalesce(
            unless_level('decision_reasoning.confidence_level', confidence_kind, confidence),
            unless_object('lead_identifier', lead_kind),
            unless_word('lead_identifier.name', name_kind),
            unless_word('lead_identifier.company', company_kind),
            unless_word('lead_identifier.industry', industry_kind),
            unless_object('input_data', input_kind),
            unless_object('output_data', output_kind),
            unless_object('training_labels', labels_kind),
            unless_boolean('training_labels.success_indicator', approved_kind),
            unless_level('training_labels.improvement_potential', potential_kind, improvement_potential),
            unless_word('entry_id', entry_id_kind),
            unless_word('system', system_kind),
            unless_word('template', template_kind),
            unless_word('campaign_id', campaign_kind),
            unless_word('model_version', version_kind)
        ) END AS reason
    FROM measured
)

SELECT
    line, reason,
    CASE WHEN reason IS NULL THEN upper_half(identity_of(text, entry_id, system)) END AS key_high,
    CASE WHEN reason IS NULL THEN lower_half(identity_of(text, entry_id, system)) END AS key_low,
    CASE WHEN reason IS NULL THEN hash(text) END AS content,
    log_type, decided_at::DATE AS day, industry, method,
    try_cast(round(seconds * 1000000) AS BIGINT) AS microseconds, cell_of(day, log_type, microseconds) AS cell, success = 'true' AS success,
    try_cast(round(quality * 1000) AS BIGINT) AS quality, approved = 'true' AS approved,
    template, campaign, model_version, system,
    CASE WHEN log_type = 'log_loss' THEN greatest(0, coalesce(try_cast(stated_lost AS BIGINT), 0)) ELSE 0 END AS lost
FROM judged
