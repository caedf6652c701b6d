"""How quickly pages answer, with many sales in the store and fifty people at once.

``python -m bench.server --sales 10`` (millions) makes an estate, tracks it, starts one
serving process and asks it as people do. Prints a table.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import date
from pathlib import Path

AS_OF = "2026-04-25T18:00:00+08:00"
PEOPLE = 50
ROUNDS = 21
_MAKE = """
import sys
from pathlib import Path
from daozhang.server import entry
entry.set_up(Path(sys.argv[1]), {"DAOZHANG_AS_OF": sys.argv[2]})
entry.prepare()
from daozhang.server import commands
from django.test import Client
from daozhang.server.models import Person
people = commands.make_demo(Path(sys.argv[1]) / "estate" / "in")
for email, _, _ in people:
    client = Client()
    client.force_login(
        Person.objects.get(email=email),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    print("FOUND", email.split("@")[0], client.cookies["sessionid"].value)
from daozhang.server.readings import newest, reading_for
from daozhang.app.scope import EVERYTHING
row = reading_for(EVERYTHING).figures.incidents[0]
print("FOUND incident", row["incident_id"])
print("FOUND sale", row["example"])
engine = reading_for(EVERYTHING).engine()
(one,) = engine.rows(
    "SELECT o.store_id, o.provider_id, a.bank_id, o.due_date, (SELECT max(release_id) FROM "
    "facts_upgrades) FROM outcomes_late AS o JOIN facts_accounts AS a "
    f"ON a.account_id = o.account_id WHERE o.sale_id = '{row['example']}'"
)
for name, value in zip(("store", "provider", "bank", "due", "release"), one):
    print("FOUND", name, value)
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sales", type=float, default=1.0, help="millions of sales")
    parser.add_argument("--as-of", default=AS_OF, help="the moment that it answers for")
    parser.add_argument("--data", help="keep the data folder here, and use it again")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(asked.data or scratch)
        _make(data, int(asked.sales * 1_000_000))
        found, seconds = _track(data, asked.as_of)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "daozhang.cli", "serve", "--data", str(data)]
        env = {**os.environ, "DAOZHANG_AS_OF": asked.as_of}
        with subprocess.Popen(
            [*command, "--no-worker", "--port", str(port)], env=env, stderr=subprocess.DEVNULL
        ) as serving:
            try:
                _ask(f"http://127.0.0.1:{port}", found, asked.sales, seconds, serving.pid)
            finally:
                serving.terminate()


def _make(data: Path, sales: int) -> None:
    from daozhang.world import build

    if not (data / "estate" / "in").is_dir():
        build(
            data / "estate", seed=7, faults=("F8", "F4"), traps=(), regions=("CN",), sales=sales,
            days=28, start=date(2026, 4, 13), format="parquet",
        )  # fmt: skip


def _track(data: Path, as_of: str) -> tuple[dict[str, str], float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", _MAKE, str(data), as_of], check=True, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    told = [line.split(" ", 2) for line in done.stdout.splitlines()]
    return {line[1]: line[2] for line in told if line[0] == "FOUND"}, used


def _ask(address: str, found: dict[str, str], millions: float, seconds: float, pid: int) -> None:
    for _ in range(200):
        try:
            urllib.request.urlopen(f"{address}/health/live").close()
            break
        except OSError:
            time.sleep(0.3)
    pages = _addresses(found)
    print(f"{millions:g}M sales; what was not yet taken in and tracked took {seconds:.0f} CPU s\n")
    print("| page | median ms | slowest ms | CPU ms |\n| --- | --: | --: | --: |")
    pages = _addresses(found)
    for name, path in pages.items():
        # What is worked out once is not what a page costs.
        first, before = _get(address + path, found["admin"]), _cpu(pid)
        taken = [_get(address + path, found["admin"]) for _ in range(ROUNDS - 1)]
        used = (_cpu(pid) - before) / len(taken)
        slowest = max(first, *taken)
        print(
            f"| {name} | {statistics.median(taken) * 1000:.0f} | {slowest * 1000:.0f} | "
            f"{used * 1000:.0f} |"
        )
    looked_at = ("overview", "incident", "late money", "one sale")
    _crowd(address, found, [pages[name] for name in looked_at])
    with Path(f"/proc/{pid}/status").open() as status:
        peak = next(line.split()[1] for line in status if line.startswith("VmHWM"))
    print(f"\nPeak memory of the serving process: {int(peak) // 1024} MB")


def _addresses(found: dict[str, str]) -> dict[str, str]:
    """Return pages and calls of the API by what they are called in the table."""
    incident, sale, release = found["incident"], found["sale"], found["release"]
    end, group = sale[-6:], f"release={release}&side=upgraded"
    return {
        "overview": "/", "incident": f"/late/{incident}/", "one sale": f"/track/{sale}/",
        "find by end of number": f"/track/?q={end}",
        "late money": "/late/", "calendar": "/calendar/", "one day": f"/calendar/{found['due']}/",
        "upgrades": "/upgrades/", "one release": f"/upgrades/{release}/",
        "quiet hours": "/upgrade-hours/", "providers": "/providers/",
        "one provider": f"/providers/{found['provider']}/", "one bank": f"/banks/{found['bank']}/",
        "terms": "/terms/", "files": "/files/", "settings": "/settings/", "audit": "/audit/",
        "all sales": "/sales/", "sales on time": "/sales/?status=on_time",
        "the last of them": "/sales/?status=on_time&page=1000000",
        "late sales": "/sales/?status=late,overdue",
        "sales of a store": f"/sales/?store={found['store']}",
        "sales of an incident": f"/sales/?incident={incident}",
        "sales of a release": f"/sales/?{group}&status=on_time,late,overdue",
        "sales by fee": "/sales/?fee=known",
        "API overview": "/api/v1/overview", "API incidents": "/api/v1/incidents",
        "API incident": f"/api/v1/incidents/{incident}",
        "API sales of it": f"/api/v1/incidents/{incident}/sales",
        "API journeys": "/api/v1/journeys", "API late journeys": "/api/v1/journeys?status=late",
        "API one journey": f"/api/v1/journeys/{sale}", "API track": f"/api/v1/track?q={end}",
        "API sales": "/api/v1/sales?status=on_time", "API calendar": "/api/v1/calendar",
        "API upgrades": "/api/v1/upgrades", "API quiet hours": "/api/v1/quiet-hours",
        "API providers": "/api/v1/providers", "API files": "/api/v1/files",
        "health": "/health/ready",
    }  # fmt: skip


def _cpu(pid: int) -> float:
    """Return the CPU seconds that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _get(url: str, session: str) -> float:
    request = urllib.request.Request(url, headers={"Cookie": f"sessionid={session}"})
    begun = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        answer.read()
        assert answer.status == 200, url
        assert "/accounts/login/" not in answer.url, "the session is not known"
    return time.perf_counter() - begun


def _crowd(address: str, found: dict[str, str], paths: list[str]) -> None:
    """Let fifty people look at four pages each, at once."""
    taken: list[float] = []
    wrong: list[str] = []

    def look(number: int) -> None:
        for place in range(len(paths)):
            path = paths[(number + place) % len(paths)]
            try:
                taken.append(_get(address + path, found["admin"]))
            except (OSError, AssertionError) as error:
                wrong.append(f"{path}: {error}")

    crowd = [threading.Thread(target=look, args=(number,)) for number in range(PEOPLE)]
    begun = time.perf_counter()
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    whole = time.perf_counter() - begun
    print(
        f"\n{PEOPLE} people at once, {len(taken)} pages in {whole:.1f} s "
        f"({len(taken) / whole:.0f} a second), median {statistics.median(taken) * 1000:.0f} ms, "
        f"errors: {len(wrong)} {json.dumps(wrong[:3]) if wrong else ''}"
    )


if __name__ == "__main__":
    main()
