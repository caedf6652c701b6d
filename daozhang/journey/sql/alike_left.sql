-- What the other lines may still be: neither a line nor a sale that has found its own.
SELECT o.provider_id, o.line_id, o.sale_id
FROM alike_open AS o
ANTI JOIN alike_sole AS l ON l.provider_id = o.provider_id AND l.line_id = o.line_id
ANTI JOIN alike_sole AS s ON s.sale_id = o.sale_id
