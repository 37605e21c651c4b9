-- Who answered, and from what: a score asked through the service is not one that a flow gave.

ALTER TABLE predictions ADD COLUMN features_hash VARCHAR;
ALTER TABLE predictions ADD COLUMN source VARCHAR DEFAULT 'flow';
ALTER TABLE predictions ADD COLUMN answered_by VARCHAR DEFAULT 'champion';
ALTER TABLE predictions ADD COLUMN points DOUBLE;
ALTER TABLE predictions ADD COLUMN voice_ai_weight DOUBLE;
