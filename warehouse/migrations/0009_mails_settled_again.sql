-- a mail that was called in doubt may be settled after all, by the worker that sent it: one row per state that it came to
CREATE TABLE sent_mails_by_state (
    message_id VARCHAR NOT NULL,
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
    loaded_at TIMESTAMP NOT NULL,
    PRIMARY KEY (message_id, state)
);

INSERT INTO sent_mails_by_state SELECT * FROM sent_mails;

DROP TABLE sent_mails;

ALTER TABLE sent_mails_by_state RENAME TO sent_mails;
