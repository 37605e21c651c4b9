-- one row per decision of $decision_ids: whom it was about, as it was known when the decision was first landed
SELECT decision_id, lead_name AS name, company, industry
FROM lead_decisions
WHERE decision_id IN (SELECT unnest($decision_ids))
