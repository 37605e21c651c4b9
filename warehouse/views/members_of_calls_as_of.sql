-- one row per call known as of `moment`: by what measures of calls can be split
CREATE OR REPLACE MACRO members_of_calls_as_of(moment) AS TABLE
SELECT called.call_id, industry_of.industry, called.source
FROM calls_as_of(moment) AS called
LEFT JOIN industries_as_of(moment) AS industry_of USING (company_id);
