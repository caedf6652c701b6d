"""Files of every format, as long as one likes: what :mod:`bench.formats` reads."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

__all__ = ["WRITERS"]

NTRY = """<Ntry><Amt Ccy="EUR">{a}.{c:02d}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-05-{d:02d}</Dt></BookgDt><ValDt><Dt>2026-05-01</Dt></ValDt>
<AcctSvcrRef>REF{n:09d}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>
<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>
<EndToEndId>PO-{n:09d}</EndToEndId></Refs><Amt Ccy="EUR">{a}.{c:02d}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>Acquirer AG</Nm></Pty></Dbtr></RltdPties>
<RmtInf><Ustrd>payout PO-{n:09d}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
"""


def write_lines(
    path: Path, head: str, row: Callable[[int], str], rows: int, tail: str = ""
) -> None:
    with path.open("w", encoding="utf-8", newline="") as out:
        out.write(head)
        out.writelines(row(n) for n in range(rows))
        out.write(tail)


def clock(n: int) -> str:
    return f"{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}"


def money(n: int) -> str:
    return f"{1 + n % 499}.{n % 100:02d}"


def fen(n: int) -> int:
    return (1 + n % 499) * 100 + n % 100


def write_mapped(path: Path, rows: int) -> None:
    head = "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要\n"
    write_lines(path, head, lambda n: (
        f'2026-05-{1 + n % 28:02d},CNY,"{n % 9999:,}.{n % 100:02d}",{n}.00,收单结算,银联商务,'
        f"PO{n:010d}\n"), rows)  # fmt: skip


def write_camt(path: Path, rows: int) -> None:
    head = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        "<GrpHdr><CreDtTm>2026-06-01T06:00:00Z</CreDtTm></GrpHdr><Stmt><Acct><Id>"
        "<IBAN>DE02120300000000202051</IBAN></Id></Acct>"
    )
    write_lines(path, head, lambda n: NTRY.format(a=n, c=n % 100, d=1 + n % 28, n=n), rows,
                "</Stmt></BkToCstmrStmt></Document>")  # fmt: skip


def write_mt940(path: Path, rows: int) -> None:
    write_lines(path, ":20:A\n:25:50050000/4711\n:60F:C260430EUR0,00\n", lambda n: (
        f":61:2605{1 + n % 28:02d}C{n},{n % 100:02d}NTRFNONREF//B{n}\n"
        f":86:166?00GUTSCHRIFT?20EREF+PO-{n}?21SVWZ+payout?32Acquirer AG\n"), rows,
        ":62F:C260531EUR0,00\n-\n")  # fmt: skip


def write_bai2(path: Path, rows: int) -> None:
    write_lines(path, "01,1,2,260507,0200,1,,,2/\n02,1,2,1,260506,2359,USD,2/\n03,4711,,010,0,,/\n",
                lambda n: f"16,165,{fen(n)},V,260507,,BR{n},PO-{n:09d},ACQUIRER SETTLEMENT/\n"
                f"88,STORE {n % 300}\n", rows, f"49,0,{2 * rows + 2}/\n98,0,1,4/\n")  # fmt: skip


def write_ofx(path: Path, rows: int) -> None:
    head = (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>"
        "<CURDEF>USD<BANKACCTFROM><BANKID>1<ACCTID>4711</BANKACCTFROM><BANKTRANLIST>"
        "<DTSTART>20260501<DTEND>20260601\n"
    )
    write_lines(path, head, lambda n: (
        f"<STMTTRN>\n<TRNTYPE>CREDIT\n<DTPOSTED>202605{1 + n % 28:02d}120000[0:GMT]\n<TRNAMT>"
        f"{money(n)}\n<FITID>F{n}\n<NAME>ACQUIRER AG\n<MEMO>payout PO-{n:09d}\n</STMTTRN>\n"), rows,
        "</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>\n")  # fmt: skip


def write_wechat_trade(path: Path, rows: int) -> None:
    head = (
        "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
        "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
        "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
        "费率备注\n"
    )
    write_lines(path, head, lambda n: (
        f"`2026-05-{1 + n % 28:02d} {clock(n)},`wx1,`1900009231,`0,`T{n % 50:03d},`42{n:010d},"
        f"`ORD-{n},`o1,`FACE,`SUCCESS,`ICBC_DEBIT,`CNY,`{money(n)},`0.00,`0,`0,`0.00,`0.00,`,`,"
        f"`套餐,`,`0.{n % 100:02d}000,`0.60%,`{money(n)},`0.00,`\n"), rows)  # fmt: skip


def write_wechat_fund_flow(path: Path, rows: int) -> None:
    head = (
        "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),"
        "账户结余(元),资金变更提交申请人,备注,业务凭证号\n"
    )
    write_lines(path, head, lambda n: (
        f"`2026-05-{1 + n % 28:02d} {clock(n)},`50{n:010d},`42{n:010d},`交易,`交易,`收入,`1.00,"
        f"`{n + 1}.00,`system,`结算,`ORD-{n}\n"), rows)  # fmt: skip


def write_alipay_trade(path: Path, rows: int) -> None:
    head = (
        "#支付宝业务明细查询\n#账号：[20880211096256330156]\n支付宝交易号,商户订单号,业务类型,"
        "商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,"
        "商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,"
        "券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,"
        "服务费（元）,分润（元）,备注\n"
    )
    write_lines(path, head, lambda n: (
        f"2026{n:010d}\t,A-{n}\t,交易\t,午餐,2026-05-06 {clock(n)},2026-05-06 {clock(n)},S01\t,"
        f"南京路店\t,op\t,T9\t,*三(138****0000)\t,{money(n)},{money(n)},0.00,0.00,0.00,0.00,0.00,,"
        f"0.00\t,0.00,\t,-0.{n % 100:02d},0.00,\n"), rows)  # fmt: skip


def write_alipay_account(path: Path, rows: int) -> None:
    head = (
        "#支付宝账务明细查询\n#账号：[20888011365400330156]\n账务流水号,业务流水号,商户订单号,"
        "商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,"
        "业务类型,备注\n"
    )
    write_lines(path, head, lambda n: (
        f"{n}\t,B{n}\t,A-{n}\t,午餐\t,2026-05-06 {clock(n)},张三 (a@b.com)\t,1.00,0.00,{n + 1}.00,"
        f"支付宝,在线支付,\n"), rows)  # fmt: skip


def write_unionpay(path: Path, rows: int) -> None:
    lengths = (3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4,
               32, 1, 21, 15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 32, 98)  # fmt: skip
    with path.open("wb") as out:
        for n in range(rows):
            cells = {0: "S22", 3: f"{n % 1_000_000:06d}", 4: f"0506{clock(n).replace(':', '')}",
                     5: "622202******5702", 6: f"{fen(n):012d}", 7: "5812", 8: "07",
                     9: f"20260506{n:013d}", 11: f"ORDER{n}", 12: "01", 15: f"D{n % 100:012d}",
                     16: f"C{fen(n) - n % 100:012d}", 19: "01", 27: "802310048993424",
                     30: "上海测试商户", 33: f"{n % 50:08d}"}  # fmt: skip
            row = b"".join(
                cells.get(i, "").encode("gbk").ljust(length)[:length] + b" "
                for i, length in enumerate(lengths)
            )
            out.write(row + b"\r\n")


def write_allinpay(path: Path, rows: int) -> None:
    head = (
        "商户号,门店名称,终端号,交易时间,交易类型,交易批次号,凭证号,参考号,卡号,卡类别,"
        "发卡行机构代码,发卡行名称,交易金额,手续费,交易日期,交易单号,订单号,商户备注,对接应用号,"
        "原始金额,结算金额,产品类型,分期贴息,交易完成时间,持卡人姓名,持卡人身份证,分期数,优惠金额,"
        "实付金额,原交易单,渠道交易类型,出金方账户名称,门店编号,交易完成日期\n"
    )
    write_lines(path, head, lambda n: (
        f"8213100531,南京路店,{n % 50:08d},{clock(n)},消费,000012,{n % 10**6:06d},{n:012d},"
        f"622202******5702,借记卡,0102,工商银行,{money(n)},0.00,2026-05-06,{n},,,,{money(n)},"
        f"{money(n)},,0.00,{clock(n)},,,,0.00,{money(n)},,,,S01,2026-05-06\n"), rows)  # fmt: skip


def write_lcsw(path: Path, rows: int) -> None:
    write_lines(path, "", lambda n: (
        f"852105399000001,{n % 50:08d},2026-05-06 {clock(n)},,{fen(n)},6,0,{fen(n) - 6},1,6,1,"
        f"34{n},,29{n},15{n},2026-05-06,o12,0,3,0,{fen(n)},{fen(n)},0,小程序,,OTHERS,测试门店,1\n"),
        rows)  # fmt: skip


def write_adyen(path: Path, rows: int) -> None:
    head = (
        "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,"
        "Creation Date,TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),"
        "Gross Credit (GC),Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),"
        "Commission (NC),Markup (NC),Scheme Fees (NC),Interchange (NC),Batch Number\n"
    )
    write_lines(path, head, lambda n: (
        f"Co,Shop,PSP{n},ORDER-{n},visa,2026-05-05 {clock(n)},CET,Settled,MOD{n},EUR,,{money(n)},1,"
        f"EUR,,{money(n)},0.00,0.00,0.00,0.00,17\n"), rows)  # fmt: skip


def write_stripe(path: Path, rows: int) -> None:
    head = (
        "automatic_payout_id,automatic_payout_effective_at_utc,balance_transaction_id,created_utc,"
        "available_on_utc,currency,gross,fee,net,reporting_category,source_id,description,"
        "payment_intent_id,charge_id\n"
    )
    write_lines(path, head, lambda n: (
        f"po_1,2026-05-06 00:00:00,txn_{n},2026-05-04 {clock(n)},2026-05-06 00:00:00,gbp,"
        f"{money(n)},0.00,{money(n)},charge,ch_{n},Order {n},pi_{n},ch_{n}\n"), rows)  # fmt: skip


def write_stripe_payouts(path: Path, rows: int) -> None:
    write_lines(path, "payout_id,effective_at_utc,currency,gross,fee,net,reporting_category\n",
                lambda n: f"po_{n},2026-05-06 {clock(n)},gbp,-{money(n)},0.00,-{money(n)},payout\n",
                rows)  # fmt: skip


def write_stripe_payments(path: Path, rows: int) -> None:
    head = (
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,"
        "Converted Currency,Description,Fee,PaymentIntent ID,Payment Source Type,Status\n"
    )
    write_lines(path, head, lambda n: (
        f"ch_{n},2026-05-04 {clock(n)},{money(n)},0.00,gbp,true,{money(n)},gbp,Order {n},0.05,"
        f"pi_{n},card_present,Paid\n"), rows)  # fmt: skip


def write_stripe_api(path: Path, rows: int) -> None:
    write_lines(path, '{"object": "list", "data": [\n', lambda n: ("" if n == 0 else ",\n")
                + json.dumps({"id": f"txn_{n}", "object": "balance_transaction", "amount": fen(n),
                              "fee": 0, "net": fen(n), "currency": "usd",
                              "created": 1778000000 + n, "available_on": 1778100000,
                              "reporting_category": "charge", "source": f"ch_{n}"}), rows,
                "\n]}\n")  # fmt: skip


def write_square_entries(path: Path, rows: int) -> None:
    def part(n: int) -> dict[str, object]:
        return {"amount": fen(n), "currency_code": "USD"}

    write_lines(path, '{"payout_entries": [\n', lambda n: ("" if n == 0 else ",\n") + json.dumps(
        {"id": f"poe_{n}", "payout_id": "po_1", "effective_at": "2026-05-06T23:31:49Z",
         "type": "CHARGE", "gross_amount_money": part(n), "net_amount_money": part(n),
         "fee_amount_money": {"amount": 0, "currency_code": "USD"},
         "type_charge_details": {"payment_id": f"P{n}"}}), rows, "\n]}\n")  # fmt: skip


def write_square_transactions(path: Path, rows: int) -> None:
    head = (
        "Date,Time,Time Zone,Gross Sales,Net Sales,Tax,Total Collected,Source,Card,Cash,Fees,"
        "Net Total,Transaction ID,Payment ID,Card Brand,Device Name,Event Type,Location,"
        "Deposit ID\n"
    )
    write_lines(path, head, lambda n: (
        f"2026-05-06,{clock(n)},Eastern Time (US & Canada),${money(n)},${money(n)},$0.00,"
        f"${money(n)},Point of Sale,${money(n)},$0.00,$0.00,${money(n)},T{n},P{n},Visa,Till 1,"
        "Payment,Fair,D1\n"),
        rows)  # fmt: skip


def write_paypal_settlement(path: Path, rows: int) -> None:
    head = (
        '"RH","2026/05/07 00:10:00 +0000","R","XJ1",009\n"FH",1\n"SH","2026/05/06 00:00:00 -0700",'
        '"2026/05/06 23:59:59 -0700","XJ1",""\n"CH","Transaction ID","Invoice ID",'
        '"PayPal Reference ID","PayPal Reference ID Type","Transaction Event Code",'
        '"Transaction Initiation Date","Transaction Completion Date",'
        '"Transaction  Debit or Credit","Gross Transaction Amount","Gross Transaction Currency",'
        '"Fee Debit or Credit","Fee Amount","Fee Currency","Custom Field","Consumer ID"\n'
    )
    write_lines(path, head, lambda n: (
        f'"SB","T{n}","INV-{n}","","","T0006","2026/05/06 {clock(n)} -0700",'
        f'"2026/05/06 {clock(n)} -0700","CR",{fen(n)},"USD","DR",32,"USD",'
        '"",""\n'), rows)  # fmt: skip


def write_paypal_activity(path: Path, rows: int) -> None:
    head = (
        '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net",'
        '"From Email Address","Transaction ID","Reference Txn ID","Balance"\n'
    )
    write_lines(path, head, lambda n: (
        f'"05/{1 + n % 28:02d}/2026","{clock(n)}","PDT","Ada","Express Checkout Payment",'
        f'"Completed","USD","1.00","0.00","1.00","a@x","TX{n}","",'
        f'"{n + 1}.00"\n'), rows)  # fmt: skip


def write_iso8583(path: Path, rows: int) -> None:
    import iso8583

    from daozhang.formats._iso8583_specs import SPECS

    common = {"3": "000000", "41": "10000001", "42": "821310053110001", "49": "156",
              "60": "22000012000"}  # fmt: skip
    with path.open("w", encoding="ascii") as out:
        for n in range(rows // 2):
            own = {**common, "4": f"{fen(n):012d}", "11": f"{n % 10**6:06d}"}
            asked = {"t": "0200", **own, "22": "051", "25": "00"}
            answer = {"t": "0210", **own, "12": "100000", "13": "0506", "37": f"{n:012d}",
                      "39": "00"}  # fmt: skip
            for message in (asked, answer):
                data, _ = iso8583.encode(message, SPECS["bcd"])
                out.write(f"2026-05-06 {clock(n)} {bytes(data).hex().upper()}\n")


def write_zip_of_alipay(path: Path, rows: int) -> None:
    plain = path.with_suffix(".csv.plain")
    write_alipay_trade(plain, rows)
    buffer = io.BytesIO(plain.read_bytes().decode().encode("gb18030"))
    plain.unlink()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bill.csv", buffer.getvalue())


WRITERS: dict[str, tuple[str, Callable[[Path, int], None]]] = {
    "cmb_debit": ("mapped.csv", write_mapped),
    "camt": ("statement.xml", write_camt),
    "mt940": ("statement.sta", write_mt940),
    "bai2": ("statement.bai2", write_bai2),
    "ofx": ("statement.ofx", write_ofx),
    "iso8583": ("trace-2026-05-06.log", write_iso8583),
    "alipay_trade": ("alipay.zip", write_zip_of_alipay),
    "alipay_account": ("account.csv", write_alipay_account),
    "wechat_trade": ("trade.csv", write_wechat_trade),
    "wechat_fund_flow": ("1900009231_flow.csv", write_wechat_fund_flow),
    "unionpay_zm": ("INN26050688ZM_802310048993424", write_unionpay),
    "allinpay": ("allinpay.csv", write_allinpay),
    "lcsw": ("lcsw.txt", write_lcsw),
    "adyen_settlement": ("adyen.csv", write_adyen),
    "stripe_balance": ("stripe.csv", write_stripe),
    "stripe_payouts": ("payouts.csv", write_stripe_payouts),
    "stripe_payments": ("payments.csv", write_stripe_payments),
    "stripe_api_balance": ("balance.json", write_stripe_api),
    "square_payout_entries": ("entries.json", write_square_entries),
    "square_transactions": ("square.csv", write_square_transactions),
    "paypal_settlement": ("STL.csv", write_paypal_settlement),
    "paypal_activity": ("activity.csv", write_paypal_activity),
}
"""By format: the file's name, and what writes it with so many rows."""
