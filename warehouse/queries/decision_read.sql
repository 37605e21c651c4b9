-- one row per line of `lines` (line, text, unreadable) that is surely a whole entry: what is counted of it
-- Reading a line once decides that for nearly all; what is left in doubt is read again, kind by kind (decision_doubtful).
CREATE OR REPLACE TEMP TABLE read_lines AS
WITH documents AS (
    SELECT line, text, CASE WHEN unreadable IS NULL AND json_valid(text) THEN text END AS document
    FROM lines
),

stated AS (
    SELECT line, text, document, json_transform(document, '{
        "log_type": "VARCHAR", "session_id": "VARCHAR", "timestamp": "VARCHAR", "entry_id": "VARCHAR",
        "system": "VARCHAR", "template": "VARCHAR", "campaign_id": "VARCHAR", "model_version": "VARCHAR",
        "lead_identifier": {"name": "VARCHAR", "company": "VARCHAR", "industry": "VARCHAR"},
        "input_data": {"template": "VARCHAR", "campaign_id": "VARCHAR", "model_version": "VARCHAR"},
        "output_data": {"template": "VARCHAR", "campaign_id": "VARCHAR", "model_version": "VARCHAR"},
        "decision_reasoning": {
            "method_used": "VARCHAR", "confidence_level": "VARCHAR", "processing_time": "JSON", "success": "JSON"
        },
        "training_labels": {
            "quality_score": "JSON", "success_indicator": "JSON", "improvement_potential": "VARCHAR"
        }
    }') AS entry
    FROM documents
),

named AS (
    SELECT
        line, text, entry.log_type, entry.session_id, entry.entry_id, entry.system,
        entry.lead_identifier AS lead,
        -- what is read as an object is one; what is not is absent, or is something else: only then it is read again
        CASE WHEN entry.lead_identifier IS NULL OR entry.input_data IS NULL OR entry.output_data IS NULL
                OR entry.training_labels IS NULL
            THEN json_type(document, ['$.lead_identifier', '$.input_data', '$.output_data', '$.training_labels'])
            END AS kinds,
        moment_of(entry.timestamp) AS decided_at,
        entry.decision_reasoning.method_used AS method,
        entry.decision_reasoning.confidence_level AS confidence,
        unless_null(entry.decision_reasoning.processing_time) AS stated_seconds,
        entry.decision_reasoning.success AS success,
        unless_null(entry.training_labels.quality_score) AS stated_quality,
        unless_null(entry.training_labels.success_indicator) AS approved,
        entry.training_labels.improvement_potential AS potential,
        coalesce(entry.template, entry.input_data.template, entry.output_data.template) AS template,
        coalesce(entry.campaign_id, entry.input_data.campaign_id, entry.output_data.campaign_id) AS campaign,
        coalesce(entry.model_version, entry.input_data.model_version, entry.output_data.model_version) AS model_version
    FROM stated
),

measured AS (
    SELECT
        *,
        CASE WHEN is_numeral(trim(stated_seconds, '"')) THEN try_cast(trim(stated_seconds, '"') AS DOUBLE) END AS seconds,
        CASE WHEN is_numeral(stated_quality) THEN try_cast(stated_quality AS DOUBLE) END AS quality
    FROM named
)

SELECT
    line, NULL::VARCHAR AS reason,
    identity_of(text, entry_id, system) AS key, hash(text) AS content,
    log_type, decided_at::DATE AS day, as_member(lead.industry) AS industry, as_member(method) AS method,
    try_cast(round(seconds * 1000000) AS BIGINT) AS microseconds, success = 'true' AS success,
    try_cast(round(quality * 1000) AS BIGINT) AS quality, approved = 'true' AS approved,
    as_member(template) AS template, as_member(campaign) AS campaign, as_member(model_version) AS model_version,
    as_member(system) AS system, 0::BIGINT AS lost,
    coalesce(
        log_type IN (
            'campaign_generation', 'enrichment_decision', 'website_analysis', 'airtable_operation',
            'scoring_decision', 'qualification_decision', 'routing_decision', 'nurture_decision'
        )
        AND session_id IS NOT NULL AND looks_plain(session_id) AND trim(session_id) <> ''
        AND decided_at BETWEEN TIMESTAMP '2000-01-01' AND $latest
        AND method IS NOT NULL AND looks_plain(method) AND trim(method) <> ''
        AND success IN ('true', 'false')
        AND (confidence IS NULL OR confidence IN ('high', 'medium', 'low'))
        AND (stated_seconds IS NULL OR seconds <= 31536000)
        AND (stated_quality IS NULL OR quality <= 100)
        AND (approved IS NULL OR approved IN ('true', 'false'))
        AND (potential IS NULL OR potential IN ('high', 'medium', 'low'))
        AND looks_plain(lead.name) AND looks_plain(lead.company) AND looks_plain(lead.industry)
        AND looks_plain(entry_id) AND looks_plain(system)
        AND looks_plain(template) AND looks_plain(campaign) AND looks_plain(model_version)
        AND (kinds IS NULL OR (
            is_object_or_absent(kinds[1]) AND is_object_or_absent(kinds[2])
            AND is_object_or_absent(kinds[3]) AND is_object_or_absent(kinds[4])
        )),
        false
    ) AS is_sure
FROM measured
