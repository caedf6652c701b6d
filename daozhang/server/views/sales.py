"""Sales behind a number: every figure of the other pages leads here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponseBase, StreamingHttpResponse

from daozhang.server.sales_list import COLUMNS, Totals, chosen, listed, totals
from daozhang.server.views.base import Face, page

__all__ = ["as_csv", "sale_list", "sales"]


@page("track")
def sales(face: Face) -> HttpResponseBase:
    """List the sales that the address asks for."""
    if face.reading is None:
        return face.render("nothing_yet.html")
    filters = chosen(face.request.GET.dict())
    found = totals(face, filters)
    if face.request.GET.get("format") == "csv":
        return as_csv(face, filters, found)
    return face.render("sales.html", chips=_chips(face, filters), **sale_list(face, filters, found))


def sale_list(face: Face, filters: Mapping[str, str], found: tuple[Totals, ...]) -> dict[str, Any]:
    """Return what ``parts.sales`` shows: a page of the list, its sums, its addresses."""
    rows = listed(face, filters, sum(one.sales for one in found))
    shown = face.paged(rows)
    return {
        "sales": [_told(row, face, fees="fee" in filters) for row in shown],
        "sales_listed": shown,
        "sales_sums": [
            face.say(
                "rows.sum", sales=face.speech.count("sales", one.sales),
                amount=face.speech.money(one.amount_minor, one.currency),
                outstanding=face.speech.money(one.outstanding_minor, one.currency),
            )
            for one in found
        ] + [
            face.say(
                "rows.fees", fee=face.speech.money(one.fee_minor, one.currency),
                agreed=face.speech.money(one.fee_expected_minor or 0, one.currency),
            )
            for one in found
            if one.fee_minor is not None
        ],
        "sales_query": "&" + urlencode(filters) if filters else "",
    }  # fmt: skip


def as_csv(
    face: Face, filters: Mapping[str, str], found: tuple[Totals, ...]
) -> StreamingHttpResponse:  # fmt: skip
    """Return the sales of filters as CSV, all of them."""
    rows = listed(face, filters, sum(one.sales for one in found)).whole()
    told = ([row[name] for name in COLUMNS] for row in rows)
    return face.long_csv("sales", COLUMNS, told)


def _chips(face: Face, filters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return each filter in words, with the address of the list without it."""
    chips = []
    for name, value in filters.items():
        if name == "side":
            continue
        dropped = {"release", "side"} if name == "release" else {name}
        rest = {key: kept for key, kept in filters.items() if key not in dropped}
        chips.append((_chip(face, name, value, filters), "?" + urlencode(rest)))
    return chips


def _chip(face: Face, name: str, value: str, filters: Mapping[str, str]) -> str:
    speech = face.speech
    if name == "status":
        said = [speech(f"status.{status}") for status in value.split(",")]
        return face.say("word.comma").join(said)
    if name == "at":
        station, _, reason = value.partition(".")
        return speech(f"turn.{reason or station}")
    if name == "fee":
        return face.say("rows.fee" if value == "differs" else "rows.fee_known")
    if name == "release":
        return face.say(f"rows.release.{filters['side']}", release=value)
    said_value = speech.name(None if value == "?" else value)
    return face.say(
        f"rows.{name}", value=speech.channel(value) if name == "channel" else said_value
    )


def _told(row: Mapping[str, Any], face: Face, *, fees: bool) -> dict[str, str]:
    speech = face.speech
    currency = row["currency"]
    outstanding = row["outstanding_minor"] or 0
    return {
        "sale_id": row["sale_id"],
        "status": row["status"],
        "said": speech(f"status.{row['status']}"),
        "place": f"{speech.name(row['store_id'])} · {row['terminal_id'] or '?'}",
        "way": f"{speech.name(row['provider_id'])} · {speech.channel(row['channel'])}",
        "sold": speech.time(row["captured_at"]),
        "promised": speech.time(row["promised_at"]) if row["promised_at"] else "",
        "credited": speech.time(row["credited_at"]) if row["credited_at"] else "",
        "amount": speech.money(row["amount_minor"], currency),
        "outstanding": speech.money(outstanding, currency)
        if outstanding and row["status"] in {"overdue", "in_transit"}
        else "",
        "fees": face.say(
            "rows.fees", fee=speech.money(row["fee_minor"], currency),
            agreed=speech.money(row["fee_expected_minor"], currency),
        ) if fees else "",
    }  # fmt: skip
