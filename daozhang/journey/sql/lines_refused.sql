-- Lines of sales that the provider refused.
SELECT provider_id, line_id, sale_id, cleared_at, coalesce(reason, '') AS reason
FROM lines
WHERE status = 'rejected' AND kind = 'sale' AND sale_id IS NOT NULL
