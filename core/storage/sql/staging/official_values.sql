-- The value that settles: the earliest final climate report of each station and climate day. A report that was issued before
-- the day's end (local standard midnight) is not final, whatever its row says: rows are never rewritten, old ones may err.
CREATE OR REPLACE VIEW official_values AS
WITH standard_time(station, offset_h) AS (VALUES
    ('KNYC', -5), ('KMDW', -6), ('KMIA', -5), ('KLAX', -8), ('KDEN', -7), ('KAUS', -6), ('KPHL', -5), ('KATL', -5),
    ('KBOS', -5), ('KDFW', -6), ('KDCA', -5), ('KHOU', -6), ('KLAS', -8), ('KMSP', -6), ('KMSY', -6), ('KOKC', -6),
    ('KPHX', -7), ('KSAT', -6), ('KSEA', -8), ('KSFO', -8), ('KEWR', -5), ('KSAN', -8), ('KSDF', -5), ('KTTN', -5))
SELECT station, day,
       first(max_f ORDER BY issued_at, correction <> '', received_at, product_id) FILTER (WHERE max_f IS NOT NULL) AS high_f,
       first(min_f ORDER BY issued_at, correction <> '', received_at, product_id) FILTER (WHERE min_f IS NOT NULL) AS low_f,
       min(issued_at) AS issued_at
FROM climate_reports LEFT JOIN standard_time USING (station)
WHERE final AND (offset_h IS NULL OR epoch(issued_at) >= epoch(day + 1) - 3600 * offset_h)
GROUP BY station, day;
