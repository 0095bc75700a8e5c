-- The value that settles: the earliest final climate report of each station and climate day.
CREATE OR REPLACE VIEW official_values AS
SELECT station, day, arg_min(max_f, issued_at) AS high_f, arg_min(min_f, issued_at) AS low_f, min(issued_at) AS issued_at
FROM climate_reports
WHERE final
GROUP BY station, day;
