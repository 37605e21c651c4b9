-- one row per company and moment at which any source said something of it, up to a moment: what counted from then on
--
-- Of each source counts the latest it said of a field; of the sources the one that stands first (ringback/precedence.toml,
-- as the table source_ranks), those that are not sure enough after the others;
-- of sources of the same standing the first by name, so that the answer does not depend on the order of the rows.
CREATE OR REPLACE MACRO company_facts_as_of(moment) AS TABLE
WITH said_by_source AS (
    SELECT
        company_id,
        source,
        known_at,
        coalesce(confidence < enough_confidence, false) AS is_unsure,
        row(
            coalesce(rank, unlisted_rank) + CASE WHEN confidence < enough_confidence THEN 1000 ELSE 0 END, source
        ) AS standing,
        row(
            coalesce(web_rank, unlisted_web_rank) + CASE WHEN confidence < enough_confidence THEN 1000 ELSE 0 END, source
        ) AS web_standing,
        last_value(name IGNORE NULLS) OVER said AS name,
        last_value(domain IGNORE NULLS) OVER said AS domain,
        last_value(industry IGNORE NULLS) OVER said AS industry,
        last_value(employees IGNORE NULLS) OVER said AS employees,
        last_value(annual_revenue IGNORE NULLS) OVER said AS annual_revenue,
        last_value(funding_stage IGNORE NULLS) OVER said AS funding_stage,
        last_value(founded_year IGNORE NULLS) OVER said AS founded_year,
        last_value(country IGNORE NULLS) OVER said AS country,
        last_value(description IGNORE NULLS) OVER said AS description,
        last_value(business_model IGNORE NULLS) OVER said AS business_model,
        last_value(open_jobs IGNORE NULLS) OVER said AS open_jobs,
        last_value(headcount_growth IGNORE NULLS) OVER said AS headcount_growth,
        last_value(total_funding IGNORE NULLS) OVER said AS total_funding,
        last_value(news IGNORE NULLS) OVER said AS news,
        last_value(technologies IGNORE NULLS) OVER said AS technologies,
        last_value(web_functions IGNORE NULLS) OVER said AS web_functions
    FROM company_facts
    LEFT JOIN source_ranks USING (source)
    CROSS JOIN source_rules
    WHERE known_at <= moment
    WINDOW said AS (PARTITION BY company_id, source, is_unsure ORDER BY known_at, content_hash DESC)
    QUALIFY row_number() OVER (PARTITION BY company_id, source, is_unsure, known_at ORDER BY content_hash) = 1
),
moments AS (
    SELECT DISTINCT company_id, known_at FROM said_by_source
),
moments_of_sources AS (
    SELECT moments.company_id, moments.known_at, of_company.source, of_company.is_unsure
    FROM moments
    JOIN (SELECT DISTINCT company_id, source, is_unsure FROM said_by_source) AS of_company USING (company_id)
),
counted AS (
    SELECT
        asked.company_id,
        asked.known_at AS known_at,
        arg_min(stated.source, stated.standing) AS source,
        arg_min(stated.name, stated.standing) FILTER (WHERE stated.name IS NOT NULL) AS name,
        arg_min(stated.domain, stated.standing) FILTER (WHERE stated.domain IS NOT NULL) AS domain,
        arg_min(stated.industry, stated.standing) FILTER (WHERE stated.industry IS NOT NULL) AS industry,
        arg_min(stated.employees, stated.standing) FILTER (WHERE stated.employees IS NOT NULL) AS employees,
        arg_min(stated.annual_revenue, stated.standing) FILTER (WHERE stated.annual_revenue IS NOT NULL) AS annual_revenue,
        arg_min(stated.funding_stage, stated.standing) FILTER (WHERE stated.funding_stage IS NOT NULL) AS funding_stage,
        arg_min(stated.founded_year, stated.standing) FILTER (WHERE stated.founded_year IS NOT NULL) AS founded_year,
        arg_min(stated.country, stated.standing) FILTER (WHERE stated.country IS NOT NULL) AS country,
        arg_min(stated.description, stated.standing) FILTER (WHERE stated.description IS NOT NULL) AS description,
        arg_min(stated.business_model, stated.standing) FILTER (WHERE stated.business_model IS NOT NULL) AS business_model,
        arg_min(stated.open_jobs, stated.standing) FILTER (WHERE stated.open_jobs IS NOT NULL) AS open_jobs,
        arg_min(stated.headcount_growth, stated.standing) FILTER (WHERE stated.headcount_growth IS NOT NULL) AS headcount_growth,
        arg_min(stated.total_funding, stated.standing) FILTER (WHERE stated.total_funding IS NOT NULL) AS total_funding,
        arg_min(stated.news, stated.standing) FILTER (WHERE stated.news IS NOT NULL) AS news,
        arg_min(stated.technologies, stated.web_standing) FILTER (WHERE stated.technologies IS NOT NULL) AS technologies,
        arg_min(stated.web_functions, stated.web_standing) FILTER (WHERE stated.web_functions IS NOT NULL) AS web_functions
    FROM moments_of_sources AS asked
    ASOF JOIN said_by_source AS stated
        ON asked.company_id = stated.company_id
        AND asked.source = stated.source
        AND asked.is_unsure = stated.is_unsure
        AND asked.known_at >= stated.known_at
    GROUP BY asked.company_id, asked.known_at
)
SELECT * FROM counted;
