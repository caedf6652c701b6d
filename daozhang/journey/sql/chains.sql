-- Every chain: from its payouts, from its lines, or both. A payout without lines is money too;
-- lines whose payout no file names are expected to arrive as their sum.
SELECT
    coalesce(p.provider_id, l.provider_id) AS provider_id,
    coalesce(p.chain_id, l.chain_id) AS chain_id,
    coalesce(p.account_id, a.account_id) AS account_id,
    coalesce(p.currency, l.currency) AS currency,
    coalesce(p.merchant_id, l.merchant_id) AS merchant_id,
    coalesce(p.net_minor, l.lines_minor) AS net_minor,
    l.lines_minor, coalesce(l.lines_count, 0) AS lines_count,
    p.payout_id, p.paid_out_at, l.cleared_at,
    coalesce(p.returned, 0) AS returned, coalesce(p.held, 0) AS held, p.reason
FROM chain_payouts AS p
FULL OUTER JOIN chain_lines AS l ON l.provider_id = p.provider_id AND l.chain_id = p.chain_id
LEFT JOIN chain_accounts AS a
    ON a.provider_id = l.provider_id AND a.chain_id = l.chain_id
