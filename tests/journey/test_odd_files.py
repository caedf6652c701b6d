"""Files as they really come: money that went back, lost references, lines said twice."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from daozhang.app.check import checked

ZONE = 'timezone = "Asia/Shanghai"\ncurrency = "CNY"'
TERMS = """[[terms]]
provider_id = "P"
cutoff = "23:00"
basis = "business"
lag_days = 1
calendar = "CN"
credit_by = "18:00"
fee_bps = 60
payer_names = ["华通支付有限公司"]
"""
HEADS = {
    "accounts": "account_id,merchant_id,bank_id",
    "sales": (
        "sale_id,kind,original_sale_id,merchant_id,terminal_id,provider_id,channel,amount_minor,"
        "currency,captured_at"
    ),
    "settlements": (
        "provider_id,line_id,kind,ref,merchant_id,terminal_id,gross_minor,fee_minor,net_minor,"
        "currency,cleared_at,payout_id,status"
    ),
    "payouts": (
        "provider_id,payout_id,account_id,net_minor,currency,paid_out_at,status,replaces_payout_id"
    ),
    "credits": "account_id,credit_id,amount_minor,currency,booked_at,ref,counterparty",
}


def sale(name: str, minor: int, at: str = "12T12:00") -> str:
    return f"{name},sale,,m,t,P,card,{minor},CNY,2026-05-{at}:00+08:00"


def wallet(row: str) -> str:
    return row.replace(",card,", ",alipay,")


def refund(name: str, of: str, minor: int, at: str) -> str:
    return f"{name},refund,{of},m,t,P,card,{minor},CNY,2026-05-{at}:00+08:00"


def line(
    name: str, ref: str, gross: int, fee: int, payout: str, day: int = 13, kind: str = "sale"
) -> str:
    return (
        f"P,{name},{kind},{ref},m,t,{gross},{fee},{gross - fee},CNY,"
        f"2026-05-{day}T03:00:00+08:00,{payout},settled"
    )


def payout(name: str, net: int, day: int = 13, status: str = "sent", instead: str = "") -> str:
    return f"P,{name},a,{net},CNY,2026-05-{day}T10:00:00+08:00,{status},{instead}"


def credit(name: str, minor: int, at: str, ref: str = "", payer: str = "华通支付有限公司") -> str:
    return f"a,{name},{minor},CNY,2026-05-{at}:00+08:00,{ref},{payer}"


BACK = ("PO1", 13_916, 13, "returned")
AGAIN = ("PO2", 13_916, 14, "sent", "PO1")
TWO = {
    "sales": [sale("A1", 10_000), sale("A2", 4_000)],
    "settlements": [line("L1", "A1", 10_000, 60, "PO1"), line("L2", "A2", 4_000, 24, "PO1")],
}
FOUR = [
    line("L1", "A1", 1_111, 7, ""),
    line("L2", "A2", 2_222, 13, ""),
    line("L3", "B1", 3_456, 21, ""),
    line("L4", "B2", 9_090, 55, ""),
]
LATER = {
    # Others whose money comes as promised, so that the statement is known to go on.
    "sales": [sale("Z1", 6_600, "18T12:00")],
    "settlements": [line("LZ", "Z1", 6_600, 40, "POZZ9", 19)],
    "payouts": [payout("POZZ9", 6_560, 19)],
    "credits": [credit("CZ", 6_560, "19T11:00", "POZZ9")],
}
Facts = Mapping[str, list[str]]
Wanted = Mapping[str, tuple[str, int, str | None]]

CASES: dict[str, tuple[Facts, Wanted]] = {
    "the bank sends back what it booked, by a debit that names nothing": (
        {
            **TWO,
            "payouts": [payout(*BACK), payout(*AGAIN)],
            "credits": [
                credit("C1", 13_916, "13T11:00", "PO1"),
                credit("C1r", -13_916, "13T13:00", "退票"),
                credit("C2", 13_916, "14T11:00"),
            ],
        },
        {"A1": ("late", 9_940, "C2"), "A2": ("late", 3_976, "C2")},
    ),
    "the debit names the payout that came back": (
        {
            **TWO,
            "payouts": [payout(*BACK), payout(*AGAIN)],
            "credits": [
                credit("C1", 13_916, "13T11:00", "PO1"),
                credit("C1r", -13_916, "13T13:00", "PO1 退票"),
                credit("C2", 13_916, "14T11:00"),
            ],
        },
        {"A1": ("late", 9_940, "C2"), "A2": ("late", 3_976, "C2")},
    ),
    "no text names anything": (
        {
            **TWO,
            "payouts": [payout(*BACK), payout(*AGAIN)],
            "credits": [
                credit("C1", 13_916, "13T11:00"),
                credit("C1r", -13_916, "13T13:00"),
                credit("C2", 13_916, "14T11:00"),
            ],
        },
        {"A1": ("late", 9_940, "C2"), "A2": ("late", 3_976, "C2")},
    ),
    "it went back and was not sent again": (
        {
            **TWO,
            "payouts": [payout(*BACK)],
            "credits": [
                credit("C1", 13_916, "13T11:00"),
                credit("C1r", -13_916, "13T13:00", "退票"),
            ],
        },
        {"A1": ("overdue", 0, None), "A2": ("overdue", 0, None)},
    ),
    "the shop's own transfer of the same amount is no return": (
        {
            **TWO,
            "payouts": [payout("PO1", 13_916)],
            "credits": [
                credit("C1", 13_916, "13T11:00"),
                credit("S", -13_916, "13T16:00", "", "自己"),
            ],
        },
        {"A1": ("on_time", 9_940, "C1"), "A2": ("on_time", 3_976, "C1")},
    ),
    "the re-send keeps the first payout's number": (
        {
            **TWO,
            "payouts": [payout(*BACK), payout(*AGAIN)],
            "credits": [credit("C2", 13_916, "14T11:00", "PO1")],
        },
        {"A1": ("late", 9_940, "C2"), "A2": ("late", 3_976, "C2")},
    ),
    "a re-send that does not say what it replaces": (
        {
            **TWO,
            "payouts": [payout(*BACK), payout("PO2", 13_916, 14)],
            "credits": [credit("C2", 13_916, "14T11:00", "PO2")],
        },
        {"A1": ("late", 9_940, "C2"), "A2": ("late", 3_976, "C2")},
    ),
    "two payouts may be the re-send: neither is taken for it": (
        {
            **TWO,
            "payouts": [payout(*BACK), payout("PO2", 13_916, 14), payout("PO3", 13_916, 15)],
            "credits": [],
        },
        {"A1": ("overdue", 0, None), "A2": ("overdue", 0, None)},
    ),
    "a lost reference, though the sale's refund has its own": (
        {
            "sales": [sale("A1", 4_359), sale("A2", 9_100), refund("A1R", "A1", 173, "12T15:00")],
            "settlements": [
                line("L1", "", 4_359, 26, "PO1"),
                line("L2", "A2", 9_100, 55, "PO1"),
                line("L3", "A1R", -173, 0, "PO1", kind="refund"),
            ],
            "payouts": [payout("PO1", 13_205)],
            "credits": [credit("C1", 13_205, "13T11:00", "PO1")],
        },
        {"A1": ("on_time", 4_160, "C1"), "A2": ("on_time", 9_045, "C1")},
    ),
    "no payout ids, and a monthly fee that names no sale": (
        {
            "sales": [sale("A1", 4_359), sale("A2", 9_100)],
            "settlements": [
                line("L1", "A1", 4_359, 26, ""),
                line("L2", "A2", 9_100, 55, ""),
                line("L3", "", -500, 0, "", kind="fee"),
            ],
            "payouts": [],
            "credits": [credit("C1", 12_878, "13T11:00")],
        },
        {"A1": ("on_time", 4_333, "C1"), "A2": ("on_time", 9_045, "C1")},
    ),
    "a payout that is one fen short of its lines": (
        {
            **TWO,
            "payouts": [payout("PO1", 13_915)],
            "credits": [credit("C1", 13_915, "13T11:00", "PO1")],
        },
        {"A1": ("overdue", 9_939, "C1"), "A2": ("on_time", 3_976, "C1")},
    ),
    "a bank line that names one payout and brings two": (
        {
            "sales": TWO["sales"],
            "settlements": [
                line("L1", "A1", 10_000, 60, "PO1"),
                line("L2", "A2", 4_000, 24, "PO2"),
            ],
            "payouts": [payout("PO1", 9_940), payout("PO2", 3_976)],
            "credits": [credit("C1", 13_916, "13T11:00", "PO1")],
        },
        {"A1": ("on_time", 9_940, "C1"), "A2": ("on_time", 3_976, "C1")},
    ),
    "a line that stands twice in one payout": (
        {
            **TWO,
            "settlements": [*TWO["settlements"], line("L1x", "A1", 10_000, 60, "PO1")],
            "payouts": [payout("PO1", 13_916)],
            "credits": [credit("C1", 13_916, "13T11:00", "PO1")],
        },
        {"A1": ("on_time", 9_940, "C1"), "A2": ("on_time", 3_976, "C1")},
    ),
    "a line that stands in the next payout too": (
        {
            "sales": TWO["sales"],
            "settlements": [
                line("L1", "A1", 10_000, 60, "PO1"),
                line("L1x", "A1", 10_000, 60, "PO2", 14),
                line("L2", "A2", 4_000, 24, "PO2", 14),
            ],
            "payouts": [payout("PO1", 9_940), payout("PO2", 3_976, 14)],
            "credits": [
                credit("C1", 9_940, "13T11:00", "PO1"),
                credit("C2", 3_976, "14T11:00", "PO2"),
            ],
        },
        {"A1": ("on_time", 9_940, "C1"), "A2": ("late", 3_976, "C2")},
    ),
    "two lost references of equal sales in one payout: whichever is whichever, both came": (
        {
            "sales": [sale("A1", 1_000), sale("A2", 1_000, "12T12:05"), sale("A3", 3_300)],
            "settlements": [
                line("L1", "", 1_000, 6, "PO1"),
                line("L2", "", 1_000, 6, "PO1"),
                line("L3", "A3", 3_300, 20, "PO1"),
            ],
            "payouts": [payout("PO1", 5_268)],
            "credits": [credit("C1", 5_268, "13T11:00", "PO1")],
        },
        {
            "A1": ("on_time", 994, "C1"),
            "A2": ("on_time", 994, "C1"),
            "A3": ("on_time", 3_280, "C1"),
        },
    ),
    "two lost references of equal sales in two payouts: not guessed": (
        {
            "sales": [sale("A1", 1_000), sale("A2", 1_000, "12T12:05")],
            "settlements": [line("L1", "", 1_000, 6, "PO1"), line("L2", "", 1_000, 6, "PO2", 14)],
            "payouts": [payout("PO1", 994), payout("PO2", 994, 14)],
            "credits": [credit("C1", 994, "13T11:00", "PO1"), credit("C2", 994, "14T11:00", "PO2")],
        },
        {"A1": ("overdue", 0, None), "A2": ("overdue", 0, None)},
    ),
    "one day's file of the provider is missing, the bank line is what the day sold": (
        {
            "sales": [
                sale("A1", 10_000),
                sale("B1", 3_456, "13T12:00"),
                sale("B2", 9_090, "13T13:00"),
                refund("A1R", "A1", 250, "13T15:00"),
            ],
            "settlements": [line("L1", "A1", 10_000, 60, "PO1")],
            "payouts": [payout("PO1", 9_940)],
            "credits": [credit("C1", 9_940, "13T11:00", "PO1"), credit("C2", 12_220, "14T11:00")],
        },
        {
            "A1": ("on_time", 9_690, "C1"),
            "B1": ("on_time", 3_435, "C2"),
            "B2": ("on_time", 9_035, "C2"),
        },
    ),
    "one day's file is missing, and a bank line is somebody else's": (
        {
            "sales": [sale("A1", 10_000), sale("B1", 3_456, "13T12:00")],
            "settlements": [line("L1", "A1", 10_000, 60, "PO1")],
            "payouts": [payout("PO1", 9_940)],
            "credits": [credit("C1", 9_940, "13T11:00", "PO1"), credit("C2", 3_400, "14T11:00")],
        },
        {"A1": ("on_time", 9_940, "C1"), "B1": ("overdue", 0, None)},
    ),
    "without the provider's files, refunded days after the money came": (
        {
            "sales": [
                sale("A1", 10_000),
                sale("A2", 14_321, "14T12:00"),
                refund("A1R", "A1", 10_000, "14T15:00"),
            ],
            "settlements": [],
            "payouts": [],
            "credits": [credit("C1", 9_940, "13T11:00"), credit("C2", 4_235, "15T11:00")],
        },
        {"A1": ("on_time", -60, "C1"), "A2": ("on_time", 14_235, "C2")},
    ),
    "without the provider's files, refunded at the weekend and netted in the same bank line": (
        {
            "sales": [
                sale("A1", 10_000, "15T12:00"),
                sale("A2", 14_321, "16T12:00"),
                refund("A1R", "A1", 10_000, "16T15:00"),
            ],
            "settlements": [],
            "payouts": [],
            "credits": [credit("C1", 14_175, "18T11:00")],
        },
        {"A1": ("cancelled", -60, "C1"), "A2": ("on_time", 14_235, "C1")},
    ),
    "without the provider's files, refunded before the batch was handed in": (
        {
            "sales": [
                sale("A1", 10_000),
                sale("A2", 14_321),
                refund("A1R", "A1", 10_000, "12T15:00"),
            ],
            "settlements": [],
            "payouts": [],
            "credits": [credit("C1", 14_175, "13T11:00")],
        },
        {"A1": ("cancelled", -60, "C1"), "A2": ("on_time", 14_235, "C1")},
    ),
    "no payout ids, two business dates cleared on one day and came in two credits": (
        {
            "sales": [
                sale("A1", 1_111, "11T12:00"),
                sale("A2", 2_222, "11T12:00"),
                sale("B1", 3_456),
                sale("B2", 9_090),
            ],
            "settlements": FOUR,
            "payouts": [],
            "credits": [credit("C1", 12_470, "13T11:00"), credit("C2", 3_313, "14T13:00")],
        },
        {
            "A1": ("late", 1_104, "C2"),
            "A2": ("late", 2_209, "C2"),
            "B1": ("on_time", 3_435, "C1"),
            "B2": ("on_time", 9_035, "C1"),
        },
    ),
    "no payout ids, cards and wallet came apart, the wallet less a refund": (
        {
            "sales": [
                sale("A1", 1_111),
                sale("A2", 2_222),
                wallet(sale("B1", 3_456)),
                wallet(sale("B2", 9_090)),
                refund("B2R", "B2", 90, "12T13:00"),
            ],
            "settlements": [
                *FOUR,
                line("L5", "B2R", -90, 0, "", kind="refund"),
            ],
            "payouts": [],
            "credits": [credit("C1", 3_313, "13T11:00"), credit("C2", 12_380, "15T11:00")],
        },
        {
            "A1": ("on_time", 1_104, "C1"),
            "A2": ("on_time", 2_209, "C1"),
            "B1": ("late", 3_435, "C2"),
            "B2": ("late", 8_945, "C2"),
        },
    ),
    "no payout ids, and either date may have come with either credit": (
        {
            "sales": [sale("A1", 1_111, "11T12:00"), sale("B1", 1_111)],
            "settlements": [line("L1", "A1", 1_111, 7, ""), line("L3", "B1", 1_111, 7, "")],
            "payouts": [],
            "credits": [credit("C1", 1_104, "13T11:00"), credit("C2", 1_104, "14T13:00")],
        },
        {"A1": ("late", 1_104, "C2"), "B1": ("late", 1_104, "C2")},
    ),
}


NAMED = ("sale_id", "original_sale_id", "merchant_id", "provider_id", "terminal_id", "account_id",
         "line_id", "credit_id")  # fmt: skip
Told = Mapping[str, tuple[str, int, str | None]]


def _own(table: str, row: str, number: int) -> str:
    """Give a row to one case, so that cases stand apart."""
    heads = HEADS[table].split(",")
    cells = dict(zip(heads, row.split(","), strict=True))
    for column, cell in cells.items():
        lost = column == "ref" and table == "settlements"
        if cell and (column in NAMED or lost):
            cells[column] = f"{cell}-{number:02}"
        elif "PO" in cell:
            cells[column] = cell.replace("PO", f"PO{number:02}")
    return ",".join(cells.values())


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Every case in one estate: what became of each sale."""
    folder = tmp_path_factory.mktemp("odd")
    rows: dict[str, list[str]] = {table: [HEADS[table]] for table in HEADS}
    terms = []
    for number, (facts, _) in enumerate(CASES.values()):
        later = LATER if facts["settlements"] else {**LATER, "settlements": [], "payouts": []}
        tables = {"accounts": ["a,m,ICBC"]} | {name: [*facts[name], *later[name]] for name in later}
        for table, own in tables.items():
            rows[table] += [_own(table, row, number) for row in own]
        terms.append(TERMS.replace('"P"', f'"P-{number:02}"'))
    (folder / "terms.toml").write_text("\n".join([ZONE, *terms]), encoding="utf-8")
    for table, own in rows.items():
        (folder / f"{table}.csv").write_text("\n".join(own) + "\n", encoding="utf-8")
    with checked(folder) as found:
        return {
            str(sale_id): (str(status), int(str(credited)), None if by is None else str(by))
            for sale_id, status, credited, by in found.engine.rows(
                "SELECT sale_id, status, credited_minor, credit_id FROM journeys"
            )
        }


@pytest.mark.parametrize("name", CASES)
def test_each_sale_has_what_came_of_it(name: str, told: Told) -> None:
    number = list(CASES).index(name)
    wanted = CASES[name][1]
    assert {sale_id: _plain(told[f"{sale_id}-{number:02}"]) for sale_id in wanted} == wanted


def _plain(found: tuple[str, int, str | None]) -> tuple[str, int, str | None]:
    status, credited, credit_id = found
    return status, credited, credit_id and credit_id[:-3]
