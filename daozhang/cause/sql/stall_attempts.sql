-- What a terminal's messages say between a stall's first sale and its end, by the class of their
-- answers. The classes of response codes are those of the domain's table (DE 39).
SELECT
    s.unit,
    CAST(sum(CASE WHEN a.code IN ('A0', '99') THEN 1 ELSE 0 END) AS BIGINT) AS key_refusals,
    CAST(sum(CASE WHEN a.code IN ('94', '95', '79') THEN 1 ELSE 0 END) AS BIGINT) AS batch_refusals,
    CAST(sum(CASE WHEN a.code IN ('97', '03') THEN 1 ELSE 0 END) AS BIGINT) AS id_refusals,
    CAST(sum(CASE WHEN a.code = '58' THEN 1 ELSE 0 END) AS BIGINT) AS not_signed_in,
    CAST(sum(CASE WHEN a.code = '77' THEN 1 ELSE 0 END) AS BIGINT) AS other_batch,
    CAST(sum(CASE WHEN a.outcome = 'timeout' OR a.code IN ('68', '98') THEN 1 ELSE 0 END) AS BIGINT) AS timeouts,
    CAST(sum(CASE WHEN a.kind = 'batch_close' AND a.outcome = 'timeout' THEN 1 ELSE 0 END) AS BIGINT) AS close_timeouts,
    CAST(sum(CASE WHEN a.kind = 'sign_in' THEN 1 ELSE 0 END) AS BIGINT) AS sign_ins,
    min(CASE WHEN a.host_at IS NOT NULL THEN (epoch_us(a.at) - epoch_us(a.host_at)) // 1000000 END) AS ahead_min_s,
    max(CASE WHEN a.host_at IS NOT NULL THEN (epoch_us(a.at) - epoch_us(a.host_at)) // 1000000 END) AS ahead_max_s,
    max(CASE WHEN a.at <= s.cutoff_at AND (a.outcome = 'timeout' OR a.code IN ('68', '98')) THEN a.at END) AS unanswered_at,
    max(CASE WHEN a.at <= s.cutoff_at AND NOT (a.outcome = 'timeout' OR coalesce(a.code, '') IN ('68', '98')) THEN a.at END) AS answered_at,
    min(CASE WHEN a.kind = 'batch_close' AND a.outcome = 'approved' AND a.at > s.cutoff_at THEN a.at END) AS closed_at,
    CAST(count(*) AS BIGINT) AS messages
FROM stalled AS s
JOIN facts_attempts AS a ON a.terminal_id = s.terminal_id AND a.at >= s.look_from AND a.at <= s.look_to
GROUP BY s.unit
