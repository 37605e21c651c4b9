-- one row per program, other than this one, that is connected to this database
SELECT pid, application_name, host(client_addr)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
ORDER BY pid
