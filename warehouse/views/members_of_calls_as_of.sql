-- one row per call known as of `moment`: by what measures of calls can be split
CREATE OR REPLACE MACRO members_of_calls_as_of(moment) AS TABLE
WITH industry_of AS (
    SELECT company_id, arg_max(industry, known_at) AS industry
    FROM company_facts_as_of(moment)
    WHERE industry IS NOT NULL
    GROUP BY company_id
)
SELECT called.call_id, industry_of.industry, called.source
FROM calls_as_of(moment) AS called
LEFT JOIN industry_of USING (company_id);
