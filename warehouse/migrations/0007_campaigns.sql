-- one row per mail of a campaign that came to an end: sent, or why not
CREATE TABLE sent_mails (
    message_id VARCHAR PRIMARY KEY,
    enrolment_id VARCHAR NOT NULL,
    campaign_id VARCHAR NOT NULL,
    lead_id VARCHAR NOT NULL,
    sequence VARCHAR NOT NULL,
    template VARCHAR NOT NULL,
    step INTEGER NOT NULL,
    variants JSON NOT NULL,
    state VARCHAR NOT NULL,
    sent_at TIMESTAMP,
    known_at TIMESTAMP NOT NULL,
    loaded_at TIMESTAMP NOT NULL
);

-- one row per thing that happened to a mail and kind that it was taken for: a machine's click is recognised later
CREATE TABLE mail_events (
    event_id VARCHAR NOT NULL,
    kind VARCHAR NOT NULL,
    message_id VARCHAR,
    recipient VARCHAR NOT NULL,
    happened_at TIMESTAMP NOT NULL,
    known_at TIMESTAMP NOT NULL,
    loaded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (event_id, kind)
);

-- one row per decision about a lead in a campaign
CREATE TABLE lead_decisions (
    decision_id VARCHAR PRIMARY KEY,
    kind VARCHAR NOT NULL,
    campaign_id VARCHAR NOT NULL,
    lead_id VARCHAR NOT NULL,
    outcome VARCHAR NOT NULL,
    rule VARCHAR,
    decided_by VARCHAR NOT NULL,
    known_at TIMESTAMP NOT NULL,
    loaded_at TIMESTAMP NOT NULL
);
