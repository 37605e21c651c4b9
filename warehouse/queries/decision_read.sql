-- one row per line of `lines` (line, text, unreadable, looks_whole) that is surely a whole entry: what is counted of it
-- A line that looks whole is not asked whether it is JSON: where one is not, all of this fails, and is run without trust.
-- Reading a line once decides for nearly all; what is left in doubt is read again, kind by kind (decision_doubtful).
WITH documents AS (
    SELECT line, text, CASE WHEN $trusts AND looks_whole THEN text WHEN json_valid(text) THEN text END AS document
    FROM lines
),

stated AS (
    SELECT line, text, document, json_transform(document, '{
        "log_type": "VARCHAR", "session_id": "VARCHAR", "timestamp": "VARCHAR", "entry_id": "VARCHAR",
        "system": "VARCHAR", "template": "VARCHAR", "campaign_id": "VARCHAR", "model_version": "VARCHAR",
        "lead_identifier": {"name": "VARCHAR", "company": "VARCHAR", "industry": "VARCHAR"},
        "input_data": {"template": "VARCHAR", "campaign_id": "VARCHAR", "model_version": "VARCHAR"},
        "output_data": "JSON",
        "decision_reasoning": {
            "method_used": "VARCHAR", "confidence_level": "VARCHAR", "processing_time": "JSON", "success": "JSON"
        },
        "training_labels": {
            "quality_score": "JSON", "success_indicator": "JSON", "improvement_potential": "VARCHAR"
        }
    }') AS entry
    FROM documents
),

-- what came out is often long and seldom names anything that is counted: only then it is taken apart
answered AS (
    SELECT *, unless_null(entry.output_data) AS output
    FROM stated
),

whole AS (
    SELECT
        *,
        CASE WHEN contains(output, '"template"') OR contains(output, '"campaign_id"') OR contains(output, '"model_version"')
            THEN json_transform(
                output, '{"template": "VARCHAR", "campaign_id": "VARCHAR", "model_version": "VARCHAR"}'
            ) END AS output_data
    FROM answered
),

named AS (
    SELECT
        line, text, entry.log_type, entry.session_id, entry.entry_id, entry.system,
        entry.lead_identifier AS lead,
        -- an object of which nothing is read may be none: it is absent, or something else; only then it is read again
        CASE WHEN coalesce(entry.lead_identifier.name, entry.lead_identifier.company, entry.lead_identifier.industry) IS NULL
                OR coalesce(entry.input_data.template, entry.input_data.campaign_id, entry.input_data.model_version) IS NULL
                OR (entry.training_labels.quality_score IS NULL AND entry.training_labels.success_indicator IS NULL
                    AND entry.training_labels.improvement_potential IS NULL)
            THEN json_type(document, ['$.lead_identifier', '$.input_data', '$.training_labels'])
            END AS kinds,
        output,
        moment_of(entry.timestamp) AS decided_at,
        entry.decision_reasoning.method_used AS method,
        entry.decision_reasoning.confidence_level AS confidence,
        unless_null(entry.decision_reasoning.processing_time) AS stated_seconds,
        entry.decision_reasoning.success AS success,
        unless_null(entry.training_labels.quality_score) AS stated_quality,
        unless_null(entry.training_labels.success_indicator) AS approved,
        entry.training_labels.improvement_potential AS potential,
        coalesce(entry.template, entry.input_data.template, output_data.template) AS template,
        coalesce(entry.campaign_id, entry.input_data.campaign_id, output_data.campaign_id) AS campaign,
        coalesce(entry.model_version, entry.input_data.model_version, output_data.model_version) AS model_version
    FROM whole
),

measured AS (
    SELECT
        *,
        CASE
            WHEN NOT starts_with(stated_seconds, '"') THEN try_cast(stated_seconds AS DOUBLE)
            WHEN is_numeral(trim(stated_seconds, '"')) THEN try_cast(trim(stated_seconds, '"') AS DOUBLE)
            END AS seconds,
        try_cast(stated_quality AS DOUBLE) AS quality
    FROM named
)

SELECT
    line, NULL::VARCHAR AS reason,
    upper_half(identity_of(text, entry_id, system)) AS key_high,
    lower_half(identity_of(text, entry_id, system)) AS key_low, hash(text) AS content,
    log_type, decided_at::DATE AS day, lead.industry, method,
    try_cast(round(seconds * 1000000) AS BIGINT) AS microseconds, cell_of(day, log_type, microseconds) AS cell, success = 'true' AS success,
    try_cast(round(quality * 1000) AS BIGINT) AS quality, approved = 'true' AS approved,
    template, campaign, model_version, system, 0::BIGINT AS lost,
    coalesce(
        list_position(kinds(), log_type) IS NOT NULL AND log_type <> 'log_loss'
        AND session_id IS NOT NULL AND looks_plain(session_id) AND is_said(session_id)
        AND decided_at BETWEEN TIMESTAMP '2000-01-01' AND $latest
        AND method IS NOT NULL AND looks_plain(method) AND is_said(method)
        AND success IN ('true', 'false')
        AND (confidence IS NULL OR confidence IN ('high', 'medium', 'low'))
        AND (stated_seconds IS NULL OR seconds BETWEEN 0 AND 31536000)
        AND (stated_quality IS NULL OR quality BETWEEN 0 AND 100)
        AND (approved IS NULL OR approved IN ('true', 'false'))
        AND (potential IS NULL OR potential IN ('high', 'medium', 'low'))
        AND looks_plain(lead.name) AND looks_plain(lead.company) AND looks_plain(lead.industry)
        AND looks_plain(entry_id) AND reads_alike(entry_id) AND looks_plain(system) AND reads_alike(system)
        AND looks_plain(template) AND looks_plain(campaign) AND looks_plain(model_version)
        AND (kinds IS NULL OR (
            is_object_or_absent(kinds[1]) AND is_object_or_absent(kinds[2]) AND is_object_or_absent(kinds[3])
        ))
        AND (output IS NULL OR starts_with(output, '{')),
        false
    ) AS is_sure
FROM measured
