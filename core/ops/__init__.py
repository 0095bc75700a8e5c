"""Running it for months: alerts, reports, services, backups. Reads what the others write; decides nothing of theirs."""
