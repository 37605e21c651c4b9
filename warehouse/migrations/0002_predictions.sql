-- What the champions said, as the flows that said it left it: the bulk copy that measures and drift read.

CREATE TABLE predictions (
    prediction_id           VARCHAR   NOT NULL PRIMARY KEY,
    call_id                 VARCHAR   NOT NULL,
    content_hash            VARCHAR   NOT NULL,
    lead_id                 VARCHAR   NOT NULL,
    company_name            VARCHAR,
    predicted_at            TIMESTAMP NOT NULL,
    progression_version     VARCHAR   NOT NULL,
    voice_ai_version        VARCHAR   NOT NULL,
    progression_probability DOUBLE    NOT NULL,
    voice_ai_probability    DOUBLE,
    qualification_score     INTEGER   NOT NULL,
    voice_ai_fit            INTEGER,
    recommendation          VARCHAR   NOT NULL,
    priority                VARCHAR   NOT NULL,
    confidence              DOUBLE    NOT NULL,
    reasons                 VARCHAR[] NOT NULL,
    loaded_at               TIMESTAMP NOT NULL
);
