-- Whom a decision was about, as it was known when it was first landed: logged again, it says the same.
ALTER TABLE lead_decisions ADD COLUMN lead_name VARCHAR;
ALTER TABLE lead_decisions ADD COLUMN company VARCHAR;
ALTER TABLE lead_decisions ADD COLUMN industry VARCHAR;
