"""Every text in English; :mod:`daozhang.charts.words` says the rules."""

from __future__ import annotations

from typing import Final

__all__ = ["ENGLISH"]

ENGLISH: Final[dict[str, str]] = {
    "title": "Where the money is",
    "report.subtitle": "Sales from {first} to {last}. What was known at {as_of}.",
    "report.subtitle_empty": "What was known at {as_of}.",
    "report.zone": "All times are {zone} time.",
    "report.identities_ok": (
        "Checked to the last cent: every sale, payout and bank credit is accounted for."
    ),
    "report.refused": (
        "Refused, and in no figure here: {number}. First put right the problems "
        "listed below. Money may seem late only because its row was refused."
    ),
    "report.identities_broken": (
        "The sums do not agree. Do not use these figures before the reason is found."
    ),
    "report.first": "Do this first",
    "report.contents": "Contents",
    "report.pictures": "In pictures",
    "report.pictures_currency": "In pictures: {currency}",
    "report.pictures_rest": (
        "Only the {count} currencies with most sales are drawn; the tables hold all of them."
    ),
    "report.breakdowns": "Late and overdue money in detail",
    "report.made_by": (
        "Made by daozhang from the files listed above. Currencies are never added up."
    ),
    "console.ascii": "(This terminal cannot show Chinese, so the answer is in English.)",
    "console.reports": "More in the report (--html FILE) and in the tables (--out DIR).",
    # word
    "word.not_known": "not known",
    "word.space": " ",
    "word.comma": ", ",
    "word.semicolon": "; ",
    "word.from_to": "{a} to {b}",
    "date.day": "{day} {month_name}",
    "date.full": "{day} {month_name} {year}",
    "date.time": "{day} {clock}",
    "span.days_hours": "{days} d {hours} h",
    "span.days": "{days} d",
    "span.hours_minutes": "{hours} h {minutes} min",
    "span.hours": "{hours} h",
    "span.minutes": "{minutes} min",
    "count.sales.one": "{number} sale",
    "count.sales.many": "{number} sales",
    "count.rows.one": "{number} row",
    "count.rows.many": "{number} rows",
    "count.credits.one": "{number} credit",
    "count.credits.many": "{number} credits",
    # status
    "status.on_time": "On time",
    "status.late": "Late",
    "status.overdue": "Overdue",
    "status.unknown": "Cannot be told",
    "status.in_transit": "On its way",
    "status.cancelled": "Cancelled",
    "status.failed": "Failed",
    "status.on_time.means": "all of it in the bank by the promised time",
    "status.late.means": "all of it in the bank, but after the promised time",
    "status.overdue.means": "the promised time is past and money is still missing",
    "status.unknown.means": "due, but the bank statement that would show it is not here",
    "status.in_transit.means": "not due yet",
    "status.cancelled.means": "voided, reversed or refunded before it was paid out",
    "status.failed.means": "the payment failed, so it was never money",
    # leg
    "leg.submit": "Submission (terminal to provider)",
    "leg.clear": "Clearing (at the provider)",
    "leg.pay_out": "Pay-out (provider to bank)",
    "leg.credit": "Credit (bank to your account)",
    "leg.none": "Place not known",
    "place.unknown": "statement missing: cannot be told",
    "who.provider": "the provider",
    "who.bank": "the bank",
    "action.unknown": (
        "Fetch the missing bank statement and run the check again; until then this money is "
        "not called late."
    ),
    "channel.card": "card",
    "channel.alipay": "Alipay",
    "channel.wechat": "WeChat Pay",
    "channel.unionpay_qr": "UnionPay QR",
    # headline
    "headline.empty": "No sales were found in the files.",
    "headline.empty.action": (
        "Look at the list of files below: it says what each was read as and why a file was refused."
    ),
    "headline.nothing_due": "Nothing is due yet: {amount} from {sales} is on its way.",
    "headline.all_on_time": "All of the {due} due by now arrived on time.",
    "headline.arrived": "{on_time} of the {due} due by now arrived on time ({percent}).",
    "headline.nothing_overdue": "Nothing is overdue.",
    "headline.none_known_overdue": "Nothing is known to be overdue.",
    "headline.all_unknown": (
        "{due} from {sales} is due, but the bank statement that would show it is not among "
        "the files, so nobody can tell yet whether it arrived."
    ),
    "headline.only_late": "Nothing is overdue now; {amount} arrived late.",
    "headline.overdue": "{overdue} from {sales} is overdue.",
    "headline.overdue_all_at": "{overdue} from {sales} is overdue, the oldest since {since}. All of it is with {place}.",
    "headline.overdue_most_at": "{overdue} from {sales} is overdue, the oldest since {since}. The largest part, {most}, is with {place}.",
    "headline.waited": (
        "Late and overdue money was kept waiting as if {amount} had been missing for a day; the "
        "longest wait is {longest}."
    ),
    "headline.unknown": (
        "Another {amount} from {sales} is due, but the bank statement that would show it is "
        "not among the files. It is not counted as late."
    ),
    "headline.other_overdue": "{currency}: {overdue} from {sales} is overdue.",
    "headline.other_nothing_due": "{currency}: nothing is due yet; {amount} is on its way.",
    "headline.other_unknown": (
        "{currency}: nothing is known to be overdue; of {due} due, {unknown} cannot be told "
        "because the statement is missing."
    ),
    "headline.other": "{currency}: nothing is overdue; {on_time} of {due} due arrived on time.",
    # column
    "column.status": "Status",
    "column.sales": "Sales",
    "column.amount": "Sale amount",
    "column.share_of_due": "Share of due",
    "column.credited": "In the bank",
    "column.outstanding": "Still to come",
    "column.where_and_what": "Where it is stuck, and what to do",
    "column.sales_touched": "Sales",
    "column.promised_between": "Promised between",
    "column.leg": "Where it stopped",
    "column.provider_id": "Provider",
    "column.bank_id": "Bank",
    "column.store_id": "Store",
    "column.due_date": "Due day",
    "column.overdue_minor": "Overdue, still to come",
    "column.late_minor": "Arrived late",
    "column.currency": "Currency",
    "column.median": "Typical time",
    "column.promised_median": "Typical promise",
    "column.p95": "Slowest 1 in 20",
    "column.promised_p95": "Longest promise",
    "column.channel": "Channel",
    "column.fee": "Fee charged",
    "column.fee_expected": "Fee agreed",
    "column.fee_difference": "Difference",
    "column.rate": "Rate charged",
    "column.sales_differing": "Sales that differ",
    "column.booked_at": "Booked",
    "column.account": "Account",
    "column.counterparty": "Paid by",
    "column.ref": "Reference",
    "column.booked_minor": "Credited",
    "column.unexplained_minor": "Unexplained",
    "column.missing": "What is missing",
    "column.hides": "What that hides",
    "column.do": "What to do",
    "column.sale_id": "Sale",
    "column.promised_at": "Promised",
    "column.stopped": "Where it stopped",
    "column.from": "Provider and store",
    "column.payout_id": "Payout",
    "column.file": "File",
    "column.read_as": "Read as",
    "column.rows": "Facts",
    "column.errors": "Refused",
    # money
    "money.title": "The money by status, {currency}",
    "money.note": (
        "Sale amounts are before fees. What is in the bank and what is still to come are "
        "after fees, refunds and reserves; a minus means that refunds are still to be "
        "deducted."
    ),
    "money.due": "Due by now, {currency}",
    "money.all": "All sales, {currency}",
    "attention.title": "What needs you now",
    "attention.note": "Overdue money by where it is now, the largest amount first in each currency; then what cannot be told.",
    "attention.more": "{count} more places with less money: see overdue_places.csv.",
    "attention.example": "One of them: {command}",
    "attention.empty": "Nothing. All money that was due has arrived.",
    "late.note": (
        "Overdue is what is still to come; late is the sale amount of what has arrived by now."
    ),
    "late.by.leg": "By where it stopped",
    "late.by.provider_id": "By provider",
    "late.by.bank_id": "By bank",
    "late.by.store_id": "By store",
    "late.by.due_date": "By due day",
    "late.rest": "{count} others",
    "late.rest_days": "{count} earlier days",
    "late.total": "Total {currency}",
    "late.empty": "Nothing is late and nothing is overdue.",
    # speed
    "speed.title": "How long the money takes",
    "speed.note": (
        "From the sale to the bank credit, for sales that have arrived, beside what was "
        "promised for the same sales. Weekends and holidays are part of the promise."
    ),
    "speed.empty": "No sale with a promise has arrived yet.",
    "fees.title": "Fees charged and agreed",
    "fees.note": (
        "For settled sales. A plus means that more was charged than your terms say. Card "
        "rates are usually about 0.6%."
    ),
    "fees.agreed_rate": "agreed {rate}",
    "fees.example": "e.g. {sale}",
    "fees.more": "{count} more rows are in fees.csv; the totals hold them all.",
    "fees.empty": (
        "No fee could be compared: there are no settlement lines, or the terms name no fee."
    ),
    "unexplained.title": "Money in the bank that no sale explains",
    "unexplained.note": (
        "Credits, or parts of them, that belong to no payout found. They are never counted "
        "as arrived sales. Ask the payer what they are for: overdue money may be among them."
    ),
    "unexplained.more": "{count} more are in unexplained_credits.csv; the totals hold them all.",
    "unexplained.empty": "None. Every credit is explained.",
    "several.fit": "Fits {count} answers equally well; ask the payer which:",
    "several.less": " less ",
    "several.plus": " plus ",
    "several.with": " together with credit ",
    "several.and_more": " and {count} more",
    "several.more": "and {count} more answers",
    # missing
    "missing.title": "What is missing, and what that hides",
    "missing.note": "The answer above is only as complete as the files.",
    "missing.empty": "Nothing is known to be missing.",
    "gap.sales_without_terms": "Sales without terms: {number}",
    "gap.sales_without_terms.hides": (
        "When their money was due, so they can be neither on time nor late"
    ),
    "gap.sales_without_terms.do": "Add the provider's terms to terms.toml",
    "gap.sales_without_account": "Sales without an account: {number}",
    "gap.sales_without_account.hides": "Which bank account their money should reach",
    "gap.sales_without_account.do": "Add the merchant's account to accounts.csv",
    "gap.lines_without_sale": "Settlement lines without a sale: {number}",
    "gap.lines_without_sale.hides": "Sales that the provider knows and your till does not",
    "gap.lines_without_sale.do": "Look for sales files of these days, terminals or merchants",
    "gap.deductions_without_sale": "Deductions in payouts without a sale: {number}",
    "gap.deductions_without_sale.hides": (
        "Refunds, fees and chargebacks by which the bank has less than the sales brought"
    ),
    "gap.deductions_without_sale.do": "Check these settlement lines with the provider",
    "gap.refunds_without_sale": "Refunds and voids without their sale: {number}",
    "gap.refunds_without_sale.hides": "Which sales they take back; nothing is deducted for them",
    "gap.refunds_without_sale.do": "Fill in original_sale_id, or add the days of the sales",
    "gap.settled_more_than_sold": "Sales settled for more than they sold: {number}",
    "gap.settled_more_than_sold.hides": "Money that the provider may take back",
    "gap.settled_more_than_sold.do": "Ask the provider whether they were settled twice",
    "gap.payouts_not_itemised": "Payouts whose lines do not add up to them: {number}",
    "gap.payouts_not_itemised.hides": "Which sales the rest is for, or what was taken off",
    "gap.payouts_not_itemised.do": "Ask the provider for the whole settlement file of these payouts",
    "gap.provisional_promises": "Sales with a provisional promise: {number}",
    "gap.provisional_promises.hides": (
        "Their due day may move: the holiday calendar of that year is not confirmed"
    ),
    "gap.provisional_promises.do": "Check the year's holidays once they are announced",
    "gap.statement": "Sales whose statement has not come: {number}",
    "gap.statement.hides": "Whether this money arrived",
    "gap.statement.do": "Fetch these bank statements through today",
    # statement
    "word.account_at": "{account} at {bank}",
    "statement.reaches": "{account}: reaches {until}, fetch from {since}",
    "statement.gap": "{account}: reaches {until} with a gap, fetch from {since}",
    "statement.none": "{account}: nothing of it is here, fetch from {since}",
    "statement.no_account": "{sales} whose account is not known",
    "statement.more": "{count} more: see missing_statements.csv",
    "gap.refused_files": "Files refused: {number}",
    "gap.refused_files.hides": "Everything that they hold",
    "gap.refused_files.do": "See the reason beside the file below",
    "gap.refused_rows": "Rows refused in files that were read: {number}",
    "gap.refused_rows.hides": "The facts of these rows",
    "gap.refused_rows.do": "See the problems below, each with its line",
    "gap.skipped_files": "Files not meant as facts: {number}",
    "gap.skipped_files.hides": "Nothing, unless a statement hides behind the wrong name",
    "gap.skipped_files.do": "Look through the names below once",
    "gap.calendar": "Calendar not confirmed: {years}",
    "gap.calendar.hides": "Due days of these years are provisional",
    "gap.calendar.do": "Check the year's holidays once they are announced",
    # list
    "list.title": "The late sales",
    "list.note": "Overdue sales first, the largest first.",
    "list.outstanding": "{amount} to come",
    "list.late": "{span} late",
    "list.overdue": "{span} overdue",
    "list.more": "{count} more are in late_list.csv and journeys.parquet.",
    "reason.other": "reason: {reason}",
    # files
    "files.title": "Files read",
    "files.note": "Those that need a look come first.",
    "files.facts": "facts",
    "files.terms": "settings",
    "files.own_output": "made by an earlier run, skipped",
    "files.ignored": "not meant as facts, skipped",
    "files.refused": "refused",
    "files.more": "{count} more files were read without anything to say.",
    "files.empty": "No files were found.",
    "files.problems": "Problems in the files",
    "files.problems_more": "{count} more problems are not shown here.",
    # picture
    "picture.flow.title": "From sold to credited",
    "picture.flow.note": "Above: what was sold, less what was returned or kept, less what is still to come, is what is in the bank. Below: what is still to come, on a scale of its own.",
    "picture.flow.alt": (
        "Of {sold} sold, {credited} is in the bank, {waiting} is still to come, {kept} was "
        "kept as fees, tax or reserve and {returned} went back to buyers."
    ),
    "flow.sold": "Sold",
    "flow.returned": "Returned to buyers",
    "flow.kept": "Fees, tax, reserve",
    "flow.captured": "At the till, not handed in · store",
    "flow.submitted": "Handed in, not cleared · provider",
    "flow.cleared": "Cleared, not paid out · provider",
    "flow.paid_out": "Paid out, not credited · bank",
    "flow.credited": "In the bank",
    "flow.to_deduct": "Refunds still to be deducted",
    # picture
    "picture.days.title": "Promised and arrived, by due day",
    "picture.days.title_weeks": "Promised and arrived, by week due",
    "picture.days.title_months": "Promised and arrived, by month due",
    "picture.days.note": (
        "The line across each bar is what was promised; the colours say what became of it. "
        "Sale amounts before fees."
    ),
    "picture.days.alt": "Sale amounts by day due: {parts}.",
    # speed
    # picture
    "picture.places.title": "Who has the late money",
    "picture.places.note": (
        "Overdue is still to come; late has arrived by now, after its promise."
    ),
    "picture.places.alt": "Late and overdue money: {parts}.",
    "picture.places.part": "{place}: overdue {overdue}, late {late}",
    "picture.colon": "{name} {amount}",
    # axis
    "axis.money.1": "{currency}",
    "axis.money.1000": "thousand {currency}",
    "axis.money.10000": "ten thousand {currency}",
    "axis.money.1000000": "million {currency}",
    "axis.money.100000000": "hundred million {currency}",
}
