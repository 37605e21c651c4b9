-- Everything of ours that is in the schema, away; extensions, the schema itself and who may use it stay.
-- For psql, within the transaction that puts a dump there.

SET LOCAL lock_timeout = '30s';

DO $$
DECLARE
    dropping text;
BEGIN
    FOR dropping IN
        WITH
        of_extensions AS (
            SELECT objid FROM pg_depend WHERE deptype = 'e'
        ),

        -- relations before routines before types, so that most of it needs no CASCADE
        found AS (
            SELECT
                1 AS turn,
                oid,
                relnamespace AS schema,
                CASE relkind
                    WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
                    WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE'
                END AS kind,
                format('%I.%I', current_schema(), relname) AS name
            FROM pg_class
            WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')

            UNION ALL

            SELECT 2, oid, pronamespace, 'ROUTINE', format(
                '%I.%I(%s)', current_schema(), proname, pg_get_function_identity_arguments(oid)
            )
            FROM pg_proc

            UNION ALL

            SELECT 3, pg_type.oid, typnamespace, 'TYPE', format('%I.%I', current_schema(), typname)
            FROM pg_type
            LEFT JOIN pg_class ON pg_class.oid = typrelid
            WHERE typtype IN ('e', 'd', 'r') OR (typtype = 'c' AND relkind = 'c')
        )

        SELECT format('DROP %s IF EXISTS %s CASCADE', kind, name)
        FROM found
        WHERE schema = current_schema()::regnamespace AND oid NOT IN (SELECT objid FROM of_extensions)
        ORDER BY turn, kind, name
    LOOP
        EXECUTE dropping;
    END LOOP;
END
$$;
