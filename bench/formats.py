"""How fast the format readers are: rows a second of mapped CSV, megabytes a second of camt.

Run ``.venv/bin/python bench/formats.py [rows]``. The files are made here, in a temporary folder.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from daozhang.formats import Facts, Options, read_file

NTRY = """<Ntry><Amt Ccy="EUR">{a}.{c:02d}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-05-{d:02d}</Dt></BookgDt><ValDt><Dt>2026-05-01</Dt></ValDt>
<AcctSvcrRef>REF{n:09d}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd>
<SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd><NtryDtls><TxDtls><Refs>
<EndToEndId>PO-{n:09d}</EndToEndId></Refs><Amt Ccy="EUR">{a}.{c:02d}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>Acquirer AG</Nm></Pty></Dbtr></RltdPties>
<RmtInf><Ustrd>payout PO-{n:09d}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>
"""


def write_csv(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write("记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要\n")
        for n in range(rows):
            amount = f'"{n % 9999:,}.{n % 100:02d}"'
            out.write(
                f"2026-05-{1 + n % 28:02d},CNY,{amount},{n}.00,收单结算,银联商务,PO{n:010d}\n"
            )


def write_camt(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write(
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
            "<GrpHdr><CreDtTm>2026-06-01T06:00:00Z</CreDtTm></GrpHdr><Stmt><Acct><Id>"
            "<IBAN>DE02120300000000202051</IBAN></Id></Acct>"
        )
        for n in range(rows):
            out.write(NTRY.format(a=n, c=n % 100, d=1 + n % 28, n=n))
        out.write("</Stmt></BkToCstmrStmt></Document>")


def write_mt940(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as out:
        out.write(":20:A\n:25:50050000/4711\n:60F:C260430EUR0,00\n")
        for n in range(rows):
            out.write(f":61:2605{1 + n % 28:02d}C{n},{n % 100:02d}NTRFNONREF//B{n}\n")
            out.write(f":86:166?00GUTSCHRIFT?20EREF+PO-{n}?21SVWZ+payout?32Acquirer AG\n")
        out.write(":62F:C260531EUR0,00\n-\n")


def measure(path: Path) -> None:
    started = time.perf_counter()
    rows = sum(len(i.rows) for i in read_file(path, Options()) if isinstance(i, Facts))
    seconds = time.perf_counter() - started
    size_mb = path.stat().st_size / 1e6
    print(
        f"{path.name}: {rows} rows, {size_mb:.0f} MB, {seconds:.1f} s: "
        f"{rows / seconds:,.0f} rows/s, {size_mb / seconds:.1f} MB/s"
    )


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, write in (
            ("mapped.csv", write_csv),
            ("camt.xml", write_camt),
            ("mt940.sta", write_mt940),
        ):
            path = Path(folder) / name
            write(path, rows)
            measure(path)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
