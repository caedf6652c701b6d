-- What shared one fate, one row each, in the order of the legs. Clocks are compared where a sale
-- has both: `ahead_s` is positive where the terminal's is fast.
SELECT
    unit, max(leg) AS leg, max(currency) AS currency, max(term_index) AS term_index, max(provider_id) AS provider_id, max(account_key) AS account_id,
    max(bank_key) AS bank_id, max(merchant_id) AS merchant_id, max(store_id) AS store_id,
    max(terminal_key) AS terminal_id, max(together) AS together, max(stuck_key) AS stuck,
    max(reason_key) AS reason, max(cutoff_key) AS cutoff_at, max(business_date) AS business_date,
    max(channel) AS channel, min(promised_at) AS promised_at,
    min(coalesce(promised_at, cutoff_key)) AS due_at,
    max(CASE WHEN status = 'overdue' THEN 1 ELSE 0 END) AS open,
    min(CASE WHEN submitted_at IS NULL THEN 0 ELSE 1 END) AS handed_in, max(inferred) AS inferred,
    min(CASE WHEN paid_out_at IS NULL THEN 0 ELSE 1 END) AS paid,
    min(CASE WHEN credited_at IS NULL THEN 0 ELSE 1 END) AS credited,
    CAST(sum(carried) AS BIGINT) AS carried, max(remapped) AS remapped, max(returned) AS returned, max(held) AS held, max(withheld) AS withheld,
    min(CASE WHEN own_lines > 0 AND own_whole = own_lines THEN 1 ELSE 0 END) AS short,
    min(CASE WHEN host_at < captured_at THEN host_at ELSE captured_at END) AS from_at,
    max(CASE WHEN host_at < captured_at THEN host_at ELSE captured_at END) AS to_at,
    max(ended_at) AS ended_at, max(cleared_at) AS cleared_at, max(paid_out_at) AS paid_out_at,
    max(as_of) AS as_of,
    min(CASE WHEN host_at IS NOT NULL THEN (epoch_us(captured_at) - epoch_us(host_at)) // 1000000 END) AS ahead_min_s,
    max(CASE WHEN host_at IS NOT NULL THEN (epoch_us(captured_at) - epoch_us(host_at)) // 1000000 END) AS ahead_max_s,
    CAST(sum(CASE WHEN host_at IS NULL THEN 1 ELSE 0 END) AS BIGINT) AS stored_sales,
    min(sale_id) AS example, CAST(count(*) AS BIGINT) AS sales, CAST(sum(amount_minor) AS BIGINT) AS late_minor,
    max(CASE WHEN status = 'late' THEN late_s END) AS late_s
FROM late_money
GROUP BY unit
