"""From snapshots and mature outcomes to a champion: split by time, try, calibrate, compare, record, promote."""
