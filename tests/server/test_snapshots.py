"""Snapshots as they are read: one sale by itself, numbers by their end, by one version only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.scope import EVERYTHING, Scope

KINDS = ("everything", "store", "provider", "account")


@pytest.fixture
def snapshot(server: Path) -> Any:
    """The newest snapshot."""
    from daozhang.server.readings import newest

    found = newest()
    assert found is not None
    return found


@pytest.fixture(params=KINDS)
def reading(request: pytest.FixtureRequest, snapshot: Any) -> Iterator[Any]:
    """The snapshot as somebody sees it whose rows are some of all."""
    from daozhang.app.snapshot import open_reading
    from daozhang.server.readings import folder_of

    scope = EVERYTHING
    if request.param != "everything":
        column = f"{request.param}_id"
        whole = open_reading(folder_of(snapshot), EVERYTHING)
        # One whose sales are late and have reference numbers: there is most to tell of.
        ((own,),) = whole.engine().rows(
            f"SELECT max(o.{column}) FROM outcomes_late AS o JOIN parcels AS p "
            f"ON p.sale_id = o.sale_id WHERE o.{column} IS NOT NULL AND p.rrn IS NOT NULL"
        )
        whole.close()
        scope = Scope(**{f"{request.param}s": frozenset({str(own)})})
    made = open_reading(folder_of(snapshot), scope)
    yield made
    made.close()


def test_one_sale_by_itself_tells_what_all_tables_tell(reading: Any) -> None:
    from daozhang.app.trace import trace_sale

    engine, as_of = reading.engine(), reading.about.as_of
    rows = engine.rows(
        "SELECT min(sale_id) FROM outcomes GROUP BY status UNION SELECT max(sale_id) FROM acts "
        "UNION SELECT max(sale_id) FROM incident_sales UNION SELECT max(sale_id) FROM lines "
        "WHERE kind <> 'sale'"
    )
    asked = [str(sale_id) for (sale_id,) in rows if sale_id is not None]
    assert len(asked) > 2
    for sale_id in asked:
        told = trace_sale(reading.of_sale(sale_id), sale_id, as_of)
        assert told is not None
        assert told == trace_sale(engine, sale_id, as_of)


def test_a_sale_of_others_is_not_there_by_itself_either(snapshot: Any) -> None:
    from daozhang.app.snapshot import open_reading
    from daozhang.app.trace import trace_sale
    from daozhang.server.readings import folder_of

    whole = open_reading(folder_of(snapshot), EVERYTHING)
    ((store, sale_id),) = whole.engine().rows(
        "SELECT min(o.store_id), max_by(o.sale_id, o.store_id) FROM outcomes AS o"
    )
    own = open_reading(folder_of(snapshot), Scope(stores=frozenset({str(store)})))
    engine = own.of_sale(str(sale_id))
    assert trace_sale(engine, str(sale_id), own.about.as_of) is None
    for table in ("outcomes", "acts", "legs", "incident_sales", "facts_sales", "lines"):
        assert engine.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
    whole.close()
    own.close()


def test_numbers_are_those_of_the_sales_that_somebody_sees(reading: Any) -> None:
    from daozhang.app.seek import numbers

    engine = reading.engine()
    columns = "backwards, is_rrn, sale_id"
    kept = f"SELECT {columns} FROM numbers"
    made = f"SELECT {columns} FROM ({numbers('outcomes')}) AS n"
    for one, other in ((kept, made), (made, kept)):
        assert engine.rows(f"SELECT * FROM ({one} EXCEPT ALL {other}) LIMIT 3") == []


def test_the_end_of_a_number_offers_the_newest_sales_that_end_so(reading: Any) -> None:
    from daozhang.app.seek import OFFERED_MAX, find_sales, offer_sales

    engine = reading.engine()
    ((rrn, sale_id),) = engine.rows("SELECT max(rrn), max_by(sale_id, rrn) FROM parcels")
    assert str(sale_id) in find_sales(engine, str(rrn))
    for ending in (str(rrn)[-4:], str(sale_id)[-4:]):
        wanted = engine.rows(
            "SELECT o.sale_id FROM outcomes AS o JOIN facts_sales AS f ON f.sale_id = o.sale_id "
            f"WHERE ends_with(o.sale_id, '{ending}') OR ends_with(f.rrn, '{ending}') "
            f"ORDER BY o.captured_at DESC, o.sale_id LIMIT {OFFERED_MAX}"
        )
        offers = [o.sale_id for o in offer_sales(engine, ending) if o.why == "ending"]
        assert offers == [sale_id for (sale_id,) in wanted]
        assert offers


def test_a_snapshot_of_another_version_is_made_anew(
    snapshot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from daozhang.server import reconciler
    from daozhang.server.clock import now
    from daozhang.server.readings import folder_of, newest

    class TrackingError(Exception):
        """The money is tracked again."""

    def track(*_: object, **__: object) -> None:
        raise TrackingError

    monkeypatch.setattr(reconciler, "checked", track)
    worker = reconciler.Worker(now)
    assert not worker._track()
    about = folder_of(snapshot) / "about.json"
    before = about.read_text(encoding="utf-8")
    try:
        about.write_text(json.dumps({**json.loads(before), "shape": "0.0.9"}), encoding="utf-8")
        assert newest() is None
        with pytest.raises(TrackingError):
            worker._track()
    finally:
        about.write_text(before, encoding="utf-8")


def test_what_somebody_sees_is_drawn_before_they_ask(snapshot: Any) -> None:
    from daozhang.server.clock import now
    from daozhang.server.models import Person
    from daozhang.server.readings import folder_of
    from daozhang.server.reconciler import LATELY, Worker
    from daozhang.server.rights import scope_of

    folder, person = folder_of(snapshot), Person.objects.get(email="store@demo.example")
    Person.objects.update(last_login=None)
    worker = Worker(now)
    for since, drawn in ((now() - 2 * LATELY, False), (now(), True), (now(), False)):
        Person.objects.filter(pk=person.pk).update(last_login=since)
        assert worker._draw() is drawn
    key = scope_of(person).key
    # Who chose no language may come with a browser of either.
    for name in (
        f"figures-{key}.pickle",
        *(f"pictures-{key}-{lang}.pickle" for lang in ("zh", "en")),
    ):
        assert (folder / name).is_file(), name
