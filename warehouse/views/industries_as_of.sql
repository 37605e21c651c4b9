-- one row per company whose industry is known as of `moment`; sources that differ in capitals alone name the same one
CREATE OR REPLACE MACRO industries_as_of(moment) AS TABLE
WITH latest AS (
    SELECT company_id, arg_max(industry, known_at) AS industry
    FROM company_facts_as_of(moment)
    WHERE industry IS NOT NULL
    GROUP BY company_id
),

spelled AS (
    SELECT lower(industry) AS folded, industry
    FROM latest
    GROUP BY industry
    QUALIFY row_number() OVER (PARTITION BY lower(industry) ORDER BY count(*) DESC, industry) = 1
)

SELECT latest.company_id, spelled.industry
FROM latest
JOIN spelled ON spelled.folded = lower(latest.industry);
