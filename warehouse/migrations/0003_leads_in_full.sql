-- What sources beyond the CRM say of a contact, how sure a source is, and columns of a file that are nobody's but the customer's.

ALTER TABLE lead_facts ADD COLUMN external_id VARCHAR;
ALTER TABLE lead_facts ADD COLUMN first_name VARCHAR;
ALTER TABLE lead_facts ADD COLUMN last_name VARCHAR;
ALTER TABLE lead_facts ADD COLUMN phone VARCHAR;
ALTER TABLE lead_facts ADD COLUMN linkedin_url VARCHAR;
ALTER TABLE lead_facts ADD COLUMN website VARCHAR;
ALTER TABLE lead_facts ADD COLUMN country VARCHAR;
ALTER TABLE lead_facts ADD COLUMN confidence DOUBLE;
ALTER TABLE lead_facts ADD COLUMN custom JSON;
ALTER TABLE company_facts ADD COLUMN confidence DOUBLE;
