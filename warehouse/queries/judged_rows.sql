-- one row: how many calls were judged, and how many contents there are to read
SELECT (SELECT count(*) FROM judged) AS judged, (SELECT coalesce(max(rowid), -1) + 1 FROM calls) AS contents;
