-- one row per line of the block that is set aside, with the reason
SELECT line, reason FROM parsed WHERE reason IS NOT NULL
UNION ALL
SELECT line, 'entry_id: was used before with other content' FROM repeats WHERE NOT is_same
ORDER BY line
