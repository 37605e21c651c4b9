-- Who of a call's speakers are ours, and what enrichment buys of a company beyond its size: money raised and news.

ALTER TABLE calls ADD COLUMN own_speakers VARCHAR[];
ALTER TABLE company_facts ADD COLUMN total_funding DOUBLE;
ALTER TABLE company_facts ADD COLUMN news VARCHAR;
