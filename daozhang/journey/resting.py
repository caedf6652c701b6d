"""Payouts and credits that ids settled for good: laid aside between the runs of a store.

Payouts and credits are matched in Python, and most of them name each other once and for all. A
group of them *rests* when each payout of it is itemised, was sent and has come wholly, by an id;
when each credit of it is explained to the minor unit; and when nobody else's name stands in one of
its texts. What rests is not matched again. It *wakes*, and is matched like new ones, when

* its payout (with its lines) or its credit is not what it was, or is gone;
* something awake may name it, or be named by it (:func:`words_in` and :func:`words_for` share a
  word), or a line of it found its sale by likeness;
* another of its group wakes.

So what is awake is matched as if nothing rested: no text that is awake holds a name that rests, and
no text that rests holds a name that is awake. Waking more than is needed costs time and changes
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pyarrow as pa

from daozhang.engine import Engine

__all__ = [
    "REST_TABLES",
    "choose_resting",
    "lay_nothing_resting",
    "rest_query",
    "wake",
    "words_for",
    "words_in",
]

REST_TABLES = ("rest_chains", "rest_standing", "rest_credits", "rest_links", "rest_words")
"""What rests: payouts as they were, their standing, credits with theirs, who is whose, words."""

_CHAIN = "provider_id", "chain_id"
_CREDIT = "account_id", "credit_id"
_CHAIN_SAME = (
    "account_id", "currency", "net_minor", "lines_minor", "lines_count", "payout_id",
    "paid_out_at", "cleared_at", "returned", "held", "reason",
)  # fmt: skip
_CREDIT_SAME = "currency", "amount_minor", "booked_at", "booked_day", "ref", "counterparty"
_BOOKED = "(SELECT * FROM facts_credits WHERE status = 'booked')"
_WORDS = pa.schema([(c, pa.string()) for c in ("side", "one", "two", "word")])

_RUN = re.compile("[A-Z0-9]+")


def words_in(ref: str, text: str) -> set[str]:
    """Return what a credit's text may be known by: its words, and its reference as a whole."""
    return {*_RUN.findall(text.upper()), ref.strip().upper()}


def words_for(name: str) -> set[str]:
    """Return words of which each text that holds a name has one (:mod:`.by_id` says how).

    A name stands in a text from the beginning of a word to the end of one, so each of its words
    is the text's too; the longest with a figure is the least common. A reference is compared as a
    whole.
    """
    upper = name.upper()
    runs = _RUN.findall(upper)
    return {upper, max(runs, key=lambda run: (not run.isalpha(), len(run)))} if runs else {upper}


def lay_nothing_resting(engine: Engine) -> None:
    """Make the tables of what rests, without rows, after a run from nothing."""
    for name in REST_TABLES:
        engine.run(name, rest_query(name, "nothing"))


def rest_query(name: str, of: str) -> str:
    """Return the SELECT of one of :data:`REST_TABLES` for ``<of>_chains`` and ``<of>_credits``.

    ``nothing``: without rows.
    """
    never = "1 = 0" if of == "nothing" else "TRUE"
    chains = "" if of == "nothing" else f" SEMI JOIN {of}_chains AS k ON {_on('k', 't', _CHAIN)}"
    credits = "" if of == "nothing" else f" SEMI JOIN {of}_credits AS k ON {_on('k', 't', _CREDIT)}"
    match name:
        case "rest_chains":
            return f"SELECT t.* FROM chains AS t{chains} WHERE {never}"
        case "rest_standing":
            return f"SELECT t.* FROM chain_standing AS t{chains} WHERE {never}"
        case "rest_credits":
            return (
                f"SELECT t.*, b.booked_day FROM credit_standing AS t JOIN {_BOOKED} AS b "
                f"ON {_on('b', 't', _CREDIT)}{credits} WHERE {never}"
            )
        case "rest_links":
            return f"SELECT t.* FROM chain_links AS t{chains} WHERE {never}"
        case _:
            table = "SELECT '' AS side, '' AS one, '' AS two, '' AS word WHERE 1 = 0"
            return table if of == "nothing" else _words_of("awake_words", of)


def _words_of(words: str, of: str) -> str:
    return (
        f"SELECT w.* FROM {words} AS w SEMI JOIN {of}_chains AS k "
        "ON w.side = 'chain' AND k.provider_id = w.one AND k.chain_id = w.two "
        f"UNION ALL SELECT w.* FROM {words} AS w SEMI JOIN {of}_credits AS k "
        "ON w.side = 'credit' AND k.account_id = w.one AND k.credit_id = w.two"
    )


def wake(engine: Engine) -> None:
    """Take out of the tables of what rests whatever this run must match anew.

    Expects ``chains``, ``resent``, ``alike``, ``lines`` and ``facts_credits``.
    """
    engine.run("waking_chains", _CHAINS_CHANGED)
    engine.run("waking_credits", _CREDITS_CHANGED)
    _put_words(engine, "awake_words", apart="waking")
    while True:
        _wake_groups(engine)
        words = f"SELECT * FROM awake_words UNION ALL {_words_of('rest_words', 'waking')}"
        engine.run("waking_words", f"SELECT DISTINCT side, word FROM ({words}) AS w")
        if not _add_touched(engine, "waking", "rest_words", "waking_words"):
            break
    for name, key, woken in (
        ("rest_chains", _CHAIN, "waking_chains"),
        ("rest_standing", _CHAIN, "waking_chains"),
        ("rest_links", _CHAIN, "waking_chains"),
        ("rest_credits", _CREDIT, "waking_credits"),
    ):
        _replace(
            engine, name, f"SELECT t.* FROM {name} AS t ANTI JOIN {woken} AS k "
            f"ON {_on('k', 't', key)}",
        )  # fmt: skip
    _replace(
        engine, "rest_words", "SELECT w.* FROM rest_words AS w ANTI JOIN "
        f"({_words_of('rest_words', 'waking')}) AS k "
        "ON k.side = w.side AND k.one = w.one AND k.two = w.two",
    )  # fmt: skip


def choose_resting(engine: Engine) -> None:
    """Make ``resting_chains``, ``resting_credits`` and ``awake_words``: what lies down now.

    Expects what :mod:`daozhang.journey.standing` makes, and the tables of what rests.
    """
    engine.run("leaving_chains", f"SELECT {_listed('t', _CHAIN)} FROM chains AS t WHERE 1 = 0")
    engine.run("leaving_credits", f"SELECT {_listed('t', _CREDIT)} FROM {_BOOKED} AS t WHERE 1 = 0")
    engine.run("resting_chains", _CHAINS_SETTLED)
    engine.run("resting_credits", _CREDITS_SETTLED)
    _put_words(engine, "awake_words")
    while True:
        _leave(engine)
        engine.run("lying_words", _words_of("awake_words", "resting"))
        engine.run(
            "staying_words",
            "SELECT DISTINCT w.side, w.word FROM awake_words AS w ANTI JOIN lying_words AS l "
            "ON l.side = w.side AND l.one = w.one AND l.two = w.two",
        )
        if not _add_touched(engine, "leaving", "lying_words", "staying_words"):
            break


def _leave(engine: Engine) -> None:
    """Take out of what is to rest what is leaving, and all that is linked with something awake."""
    count = None
    while True:
        for side, key in (("chains", _CHAIN), ("credits", _CREDIT)):
            other, theirs = ("credits", _CREDIT) if side == "chains" else ("chains", _CHAIN)
            _replace(
                engine, f"resting_{side}",
                f"SELECT r.* FROM resting_{side} AS r "
                f"ANTI JOIN leaving_{side} AS l ON {_on('l', 'r', key)} "
                f"ANTI JOIN (SELECT n.* FROM chain_links AS n ANTI JOIN resting_{other} AS o "
                f"ON {_on('o', 'n', theirs)}) AS loose ON {_on('loose', 'r', key)}",
            )  # fmt: skip
        ((left,),) = engine.rows(
            "SELECT (SELECT count(*) FROM resting_chains) + (SELECT count(*) FROM resting_credits)"
        )
        if left == count:
            return
        count = left


def _add_touched(engine: Engine, to: str, words: str, awake: str) -> bool:
    """Add to ``<to>_chains`` and ``<to>_credits`` the owners of words that what is awake shares.

    Returns:
        Whether there were any.
    """
    added = 0
    for side, other, key in (("chain", "credit", _CHAIN), ("credit", "chain", _CREDIT)):
        name = f"{to}_{side}s"
        touched = (
            f"SELECT DISTINCT w.one AS {key[0]}, w.two AS {key[1]} FROM {words} AS w "
            f"SEMI JOIN {awake} AS a ON a.word = w.word AND a.side = '{other}' "
            f"WHERE w.side = '{side}'"
        )
        added += engine.run(
            "touched_anew",
            f"SELECT t.* FROM ({touched}) AS t ANTI JOIN {name} AS k ON {_on('k', 't', key)}",
        )
        _replace(engine, name, f"SELECT * FROM {name} UNION ALL SELECT * FROM touched_anew")
    return added > 0


def _wake_groups(engine: Engine) -> None:
    """Let the whole group of whatever wakes wake too."""
    while True:
        grown = 0
        for side, key, other, theirs in (
            ("chains", _CHAIN, "credits", _CREDIT),
            ("credits", _CREDIT, "chains", _CHAIN),
        ):
            name = f"waking_{side}"
            grown += engine.run(
                "linked_anew",
                f"SELECT DISTINCT {_listed('n', key)} FROM rest_links AS n "
                f"SEMI JOIN waking_{other} AS o ON {_on('o', 'n', theirs)} "
                f"ANTI JOIN {name} AS k ON {_on('k', 'n', key)}",
            )
            _replace(engine, name, f"SELECT * FROM {name} UNION ALL SELECT * FROM linked_anew")
        if not grown:
            return


def _put_words(engine: Engine, name: str, apart: str | None = None) -> None:
    """Make a table of the words of all that does not rest, and of what is set apart from it."""
    chains = f"SELECT {_listed('t', _CHAIN)} FROM rest_chains AS t"
    credits = f"SELECT {_listed('t', _CREDIT)} FROM rest_credits AS t"
    if apart:
        chains += f" ANTI JOIN {apart}_chains AS k ON {_on('k', 't', _CHAIN)}"
        credits += f" ANTI JOIN {apart}_credits AS k ON {_on('k', 't', _CREDIT)}"
    names = engine.rows(
        f"SELECT c.provider_id, c.chain_id, r.payout_id FROM chains AS c LEFT JOIN resent AS r "
        f"ON {_on('r', 'c', _CHAIN)} ANTI JOIN ({chains}) AS s ON {_on('s', 'c', _CHAIN)}"
    )
    texts = engine.rows(
        f"SELECT c.account_id, c.credit_id, c.ref, c.counterparty FROM {_BOOKED} AS c "
        f"ANTI JOIN ({credits}) AS s ON {_on('s', 'c', _CREDIT)}"
    )
    engine.put(name, _table([*_chain_words(names), *_credit_words(texts)]))


def _chain_words(rows: Iterable[tuple[object, ...]]) -> Iterator[tuple[str, str, str, str]]:
    for provider, chain, payout in rows:
        name = str(payout or chain)
        for word in () if name.startswith("~") else words_for(name):
            yield "chain", str(provider), str(chain), word


def _credit_words(rows: Iterable[tuple[object, ...]]) -> Iterator[tuple[str, str, str, str]]:
    for account, credit, ref, counterparty in rows:
        own = str(ref or "")
        for word in words_in(own, f"{own} {counterparty or ''}"):
            yield "credit", str(account), str(credit), word


def _table(rows: list[tuple[str, str, str, str]]) -> pa.Table:
    columns = [[row[place] for row in rows] for place in range(len(_WORDS))]
    return pa.table([pa.array(column, pa.string()) for column in columns], schema=_WORDS)


def _replace(engine: Engine, name: str, sql: str) -> None:
    engine.run("replacing", sql)
    engine.rename("replacing", name)


def _on(one: str, other: str, columns: tuple[str, ...]) -> str:
    return " AND ".join(f"{one}.{c} = {other}.{c}" for c in columns)


def _listed(alias: str, columns: tuple[str, ...]) -> str:
    return ", ".join(f"{alias}.{c}" for c in columns)


def _changed(key: tuple[str, ...], same: tuple[str, ...], table: str, now: str) -> str:
    differs = " OR ".join(f"n.{c} IS DISTINCT FROM t.{c}" for c in same)
    return (
        f"SELECT {_listed('t', key)} FROM {table} AS t LEFT JOIN {now} AS n "
        f"ON {_on('n', 't', key)} WHERE n.{key[1]} IS NULL OR {differs}"
    )


_CHAINS_CHANGED = (
    _changed(_CHAIN, _CHAIN_SAME, "rest_chains", "chains")
    + " UNION SELECT t.provider_id, t.chain_id FROM rest_chains AS t SEMI JOIN resent AS r "
    + f"ON {_on('r', 't', _CHAIN)}"
    + " UNION SELECT t.provider_id, t.chain_id FROM rest_chains AS t SEMI JOIN (SELECT l.* "
    + "FROM lines AS l SEMI JOIN alike AS a ON a.provider_id = l.provider_id "
    + f"AND a.line_id = l.line_id) AS g ON {_on('g', 't', _CHAIN)}"
)
_CREDITS_CHANGED = _changed(_CREDIT, _CREDIT_SAME, "rest_credits", _BOOKED)
_CHAINS_SETTLED = (
    "SELECT s.provider_id, s.chain_id FROM chain_standing AS s "
    f"JOIN chains AS c ON {_on('c', 's', _CHAIN)} "
    f"ANTI JOIN resent AS r ON {_on('r', 's', _CHAIN)} "
    f"ANTI JOIN rest_chains AS t ON {_on('t', 's', _CHAIN)} "
    "WHERE s.whole AND s.certain AND s.withheld = 0 AND s.returned = 0 AND s.held = 0 "
    "AND s.credit_id IS NOT NULL AND s.matched_by <> 'net_amount_day' "
    "AND c.payout_id = c.chain_id AND c.lines_count > 0 AND c.lines_minor = c.net_minor"
)
_CREDITS_SETTLED = (
    "SELECT s.account_id, s.credit_id FROM credit_standing AS s "
    f"ANTI JOIN rest_credits AS t ON {_on('t', 's', _CREDIT)} "
    "WHERE s.standing = 'explained' AND s.certain AND s.explained_minor = s.amount_minor"
)
