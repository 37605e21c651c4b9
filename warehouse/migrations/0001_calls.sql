-- What arrives: payloads as sent, the calls read from them, company facts, outcomes, and what could not be read.
-- Every fact has known_at, the moment it could have been known (docs/decisions/0001-data-flow.md); loaded_at is for audit.

CREATE TABLE raw_payloads (
    source       VARCHAR   NOT NULL,
    kind         VARCHAR   NOT NULL,
    external_id  VARCHAR   NOT NULL,
    content_hash VARCHAR   NOT NULL,
    known_at     TIMESTAMP NOT NULL,
    body         JSON      NOT NULL,
    loaded_at    TIMESTAMP NOT NULL,
    PRIMARY KEY (source, kind, external_id, content_hash)
);

CREATE TABLE calls (
    call_id      VARCHAR   NOT NULL,
    content_hash VARCHAR   NOT NULL,
    source       VARCHAR   NOT NULL,
    external_id  VARCHAR   NOT NULL,
    known_at     TIMESTAMP NOT NULL,
    called_at    TIMESTAMP NOT NULL,
    lead_id      VARCHAR   NOT NULL,
    lead_name    VARCHAR,
    lead_email   VARCHAR,
    company_id   VARCHAR,
    company_name VARCHAR,
    title        VARCHAR,
    notes        VARCHAR,
    transcript   VARCHAR,
    minutes      DOUBLE,
    sentiment    DOUBLE,
    attendees    JSON      NOT NULL,
    custom       JSON      NOT NULL,
    loaded_at    TIMESTAMP NOT NULL,
    PRIMARY KEY (call_id, content_hash, known_at)
);

CREATE TABLE company_facts (
    company_id       VARCHAR   NOT NULL,
    source           VARCHAR   NOT NULL,
    content_hash     VARCHAR   NOT NULL,
    known_at         TIMESTAMP NOT NULL,
    name             VARCHAR,
    domain           VARCHAR,
    industry         VARCHAR,
    employees        DOUBLE,
    annual_revenue   DOUBLE,
    funding_stage    VARCHAR,
    founded_year     DOUBLE,
    country          VARCHAR,
    description      VARCHAR,
    technologies     VARCHAR[],
    web_functions    VARCHAR[],
    business_model   VARCHAR,
    open_jobs        DOUBLE,
    headcount_growth DOUBLE,
    loaded_at        TIMESTAMP NOT NULL,
    PRIMARY KEY (company_id, source, content_hash, known_at)
);

CREATE TABLE lead_facts (
    lead_id      VARCHAR   NOT NULL,
    source       VARCHAR   NOT NULL,
    content_hash VARCHAR   NOT NULL,
    known_at     TIMESTAMP NOT NULL,
    name         VARCHAR,
    email        VARCHAR,
    job_title    VARCHAR,
    company_id   VARCHAR,
    company_name VARCHAR,
    loaded_at    TIMESTAMP NOT NULL,
    PRIMARY KEY (lead_id, source, content_hash, known_at)
);

CREATE TABLE outcomes (
    call_id    VARCHAR   NOT NULL,
    target     VARCHAR   NOT NULL,
    happened   BOOLEAN   NOT NULL,
    known_at   TIMESTAMP NOT NULL,
    matures_at TIMESTAMP NOT NULL,
    source     VARCHAR   NOT NULL,
    stated     VARCHAR   NOT NULL,
    loaded_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (call_id, target, known_at)
);

CREATE TABLE quarantine (
    source       VARCHAR   NOT NULL,
    kind         VARCHAR   NOT NULL,
    external_id  VARCHAR   NOT NULL,
    content_hash VARCHAR   NOT NULL,
    known_at     TIMESTAMP NOT NULL,
    field        VARCHAR   NOT NULL,
    reason       VARCHAR   NOT NULL,
    body         VARCHAR   NOT NULL,
    loaded_at    TIMESTAMP NOT NULL,
    PRIMARY KEY (source, kind, external_id, content_hash)
);

CREATE TABLE imports (
    import_id   VARCHAR   NOT NULL PRIMARY KEY,
    kind        VARCHAR   NOT NULL,
    source      VARCHAR   NOT NULL,
    file_name   VARCHAR   NOT NULL,
    file_sha256 VARCHAR   NOT NULL,
    known_at    TIMESTAMP NOT NULL,
    read_rows   BIGINT    NOT NULL,
    new_rows    BIGINT    NOT NULL,
    same_rows   BIGINT    NOT NULL,
    rejected    BIGINT    NOT NULL,
    loaded_at   TIMESTAMP NOT NULL
);
