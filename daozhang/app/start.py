"""Use case: from bare files to ``terms.toml`` and ``accounts.csv`` (the command ``init``).

Rules kept here: what the files show is inferred and said with its evidence, what they cannot show
is asked, one question at a time, with a proposed answer; where nobody answers, the proposal is
taken and marked as a guess. A file of the user's is never overwritten unless told so. What is
written loads: ``terms.toml`` goes through the strict reader before it is put in its place.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from daozhang.app._start_accounts import AccountRow, find_rows
from daozhang.app._start_amounts import Fit
from daozhang.app._start_answers import Ask, BadAnswerError, Question, Talk, UnknownAnswerError
from daozhang.app._start_facts import Facts, Linked, see
from daozhang.app._start_fees import find_fees
from daozhang.app._start_guess import fits, offsets, timings, votes, zone_of
from daozhang.app._start_terms import Draft, Known, draft_terms, percent, terms_text
from daozhang.app._start_timing import Timing, local_day, zones_of
from daozhang.app.answers import write_whole
from daozhang.app.intake import Intake, Progress, take_folder
from daozhang.app.settings import TERMS, Settings, load_settings
from daozhang.app.words_start import CannotStartError, Said
from daozhang.charts.guard import clean
from daozhang.engine import DuckEngine
from daozhang.formats.base import Options
from daozhang.journey.terms import load_terms_text

__all__ = ["ACCOUNTS", "Started", "start"]

ACCOUNTS: Final = "accounts.csv"
_PROPOSED: Final = {TERMS: "terms.proposed.toml", ACCOUNTS: "accounts.proposed.csv"}
_HOME: Final = "Asia/Shanghai"
_SAME_DAY_PERCENT: Final = 10


@dataclass(frozen=True, slots=True)
class Started:
    """What ``init`` found and wrote.

    Attributes:
        facts: what the files hold.
        intake: what came of each file.
        zone: the time zone that was settled on.
        drafts: the terms, with their evidence.
        rows: the rows of ``accounts.csv``.
        wrote: names of the files written.
        open: questions whose proposed answers nobody confirmed.
        notes: what else is to be said, in order.
    """

    facts: Facts
    intake: Intake
    zone: str
    drafts: tuple[Draft, ...]
    rows: tuple[AccountRow, ...]
    wrote: tuple[str, ...]
    open: tuple[Question, ...]
    notes: tuple[Said, ...]


def start(
    folder: Path,
    *,
    lang: str = "en",
    ask: Ask | None = None,
    answers: Mapping[str, str] | None = None,
    on_found: Callable[[Facts, Intake, str], None] = lambda _facts, _intake, _zone: None,
    on_file: Callable[[Progress], None] = lambda _progress: None,
) -> Started:
    """Look at a folder's files, ask what they do not say, write terms and accounts.

    Args:
        folder: holds sales, settlement and bank files in any recognised layout.
        lang: ``zh`` or ``en``, for comments in the written file.
        ask: puts a question; None: nobody is there, proposed answers are taken and marked.
        answers: answers given beforehand by the key of the question; ``replace`` = ``yes``
            overwrites files that are there.
        on_found: told what the files hold, before anything is asked.
        on_file: told before each file is read.

    Raises:
        CannotStartError: nothing can be begun with, in one sentence.
    """
    try:
        return _Start(folder, lang, Talk(answers or {}, ask)).run(on_found, on_file)
    except BadAnswerError as bad:
        raise CannotStartError(bad.said) from None
    except UnknownAnswerError as bad:
        known = ", ".join(bad.known)
        said = Said("stop.answer_key", {"question": bad.key, "known": known})
        raise CannotStartError(said) from None


class _Start:
    """One run of ``init``."""

    def __init__(self, folder: Path, lang: str, talk: Talk) -> None:
        self.folder, self.lang, self.talk = folder, lang, talk
        self.notes: list[Said] = []

    def stop(self, key: str, **values: object) -> CannotStartError:
        return CannotStartError(Said(f"stop.{key}", {"folder": self.folder, **values}))

    def run(
        self,
        on_found: Callable[[Facts, Intake, str], None],
        on_file: Callable[[Progress], None],
    ) -> Started:
        if not self.folder.is_dir():
            raise self.stop("is_file" if self.folder.exists() else "no_folder")
        settings = load_settings(path for path in self.folder.iterdir() if path.is_file())
        told_zone = settings.options.timezone if settings.book else None
        facts, intake = self.look(settings, told_zone or _HOME, None, on_file)
        self.refuse(facts, intake)
        currency = self.currency(facts, settings)
        zone = zone_of(facts, currency, offsets(self.folder, intake), told_zone)
        on_found(facts, intake, zone.value)
        money = self.ask_top("currency", currency)
        place = self.ask_top("timezone", zone)
        if self.must_look_again(intake, place.value, told_zone or _HOME):
            facts, intake = self.look(settings, place.value, money.value, on_file)
        drafts, found = self.terms(facts, money.value, place.value)
        rows, remarks = self.accounts(facts, found, place.value)
        self.talk.finish()
        self.remark(facts, intake)
        quoted = [_quoted(known) for known in (place, money)]
        text = terms_text(quoted[0], quoted[1], drafts, remarks, self.lang)
        wrote = self.write(text, rows, facts)
        guesses = text.count("# guessed")
        if guesses:
            self.notes.append(Said("note.guesses", {"count": guesses, "file": wrote[0]}))
        return Started(
            facts, intake, place.value, tuple(drafts), tuple(rows), wrote,
            tuple(self.talk.open), tuple(self.notes),
        )  # fmt: skip

    # Looking.

    def look(
        self,
        settings: Settings,
        zone: str,
        currency: str | None,
        on_file: Callable[[Progress], None],
    ) -> tuple[Facts, Intake]:
        options = Options(timezone=zone, currency=currency, profiles=settings.options.profiles)
        engine = DuckEngine()
        try:
            intake = take_folder(engine.connection, self.folder, options=options, progress=on_file)
            return see(engine), intake
        finally:
            engine.close()

    def refuse(self, facts: Facts, intake: Intake) -> None:
        """Stop where there is nothing to begin with.

        Raises:
            CannotStartError: there is not.
        """
        if not intake.rows:
            self.refuse_files(intake)
        if facts.providers:
            return
        if facts.counts.get("credits"):
            payers = list(dict.fromkeys(p for a in facts.accounts for p in a.payers))
            raise self.stop(
                "statement",
                credits=facts.counts["credits"],
                accounts=_listed([a.account_id for a in facts.accounts]),
                payers=_listed(payers) or Said("show.unknown"),
            )
        raise self.stop("other", tables=", ".join(facts.counts))

    def refuse_files(self, intake: Intake) -> None:
        refused = [file for file in intake.files if file.kind == "refused"]
        if refused:
            problems = [next(iter(file.problems), None) for file in refused]
            if all(problem and problem.code in {"is_image", "is_pdf"} for problem in problems):
                raise self.stop("pictures")
            first = next((problem for problem in problems if problem), None)
            raise self.stop("unread", files=len(refused), problem=first or "")
        if any(file.kind == "facts" for file in intake.files):
            raise self.stop("headers")
        if intake.files:
            raise self.stop("nothing", names=_listed([file.file for file in intake.files]))
        raise self.stop("empty")

    def must_look_again(self, intake: Intake, zone: str, before: str) -> bool:
        """Say whether files are read otherwise with the zone and currency now known."""
        foreign = [f for f in intake.files if f.format and not f.format.startswith("canonical")]
        lacking = any("currency" in p.code for f in intake.files for p in f.problems)
        return (bool(foreign) and zone != before) or lacking

    # Currency and time zone.

    def currency(self, facts: Facts, settings: Settings) -> Known:
        if facts.currencies:
            key = "why.currency_only" if len(facts.currencies) == 1 else "why.currency_most"
            return Known(facts.currencies[0][0], "seen", Said(key))
        told = settings.book.currency if settings.book else "CNY"
        return Known(told, "guessed", Said("why.currency_none"))

    def ask_top(self, kind: str, known: Known) -> Known:
        question = Question(kind, kind, "", known.value, known.why, known.how == "guessed")
        answer = self.talk.settle(question)
        return known if answer is None else Known(answer, "told", Said("mark.told"))

    # Terms.

    def terms(
        self, facts: Facts, currency: str, zone: str
    ) -> tuple[list[Draft], dict[tuple[str, str], Fit]]:
        found = fits(facts, zone)
        drafts: list[Draft] = []
        for provider in facts.providers:
            theirs = provider.currency or currency
            linked = [row for row in facts.linked if row.provider_id == provider.provider_id]
            zones = [zone] if theirs == currency else [*zones_of(theirs), zone]
            dates = timings(linked, theirs, zones, zone)
            mine = [fit for (_, who), fit in found.items() if who == provider.provider_id]
            fitted = None
            if mine and not dates:
                best = max(mine, key=lambda fit: fit.timing.explained)
                dates, fitted = {None: best.timing}, (best.bps, best.timing.explained)
            lines = [line for line in facts.fee_lines if line.provider_id == provider.provider_id]
            new = draft_terms(
                provider.provider_id, theirs, zone, dates, find_fees(lines), fitted=fitted
            )
            for draft in new:
                self.ask_about(draft, theirs, new[0])
            drafts += new
            self.note_same_day(provider.provider_id, linked, dates, zone)
        return drafts, found

    def ask_about(self, draft: Draft, currency: str, common: Draft) -> None:
        for question in draft.questions():
            # What an exception shares with the common term is asked once, and answered for both.
            if draft is not common and question.kind != "fee" and draft.timing is common.timing:
                key = {"arrival": "lag_days"}.get(question.kind, question.kind)
                if common.values[key].how == "told":
                    answer = common.arrival if key == "lag_days" else common.text_of(key)
                    draft.take(question.kind, answer, currency)
                continue
            answered = self.talk.settle(question)
            if answered is not None:
                draft.take(question.kind, answered, currency)

    def note_same_day(
        self,
        provider: str,
        linked: Sequence[Linked],
        dates: Mapping[str | None, Timing],
        zone: str,
    ) -> None:
        """Say where money came on the day of sale though the rule is a later one."""
        timing = dates.get(None)
        if timing is None or not timing.plan.lag_days or not linked:
            return
        place = ZoneInfo(timing.zone or zone)
        early = sum(
            local_day(row.seen, place, day_only=row.day_only)[0]
            == local_day(row.paid, place, day_only=row.paid_day_only)[0]
            and timing.cutoff > local_day(row.seen, place, day_only=row.day_only)[1]
            for row in linked
        )
        if (share := percent(early, len(linked))) >= _SAME_DAY_PERCENT:
            self.notes.append(Said("note.same_day", {"percent": share, "who": clean(provider, 40)}))

    # Accounts.

    def accounts(
        self, facts: Facts, fits: Mapping[tuple[str, str], Fit], zone: str
    ) -> tuple[list[AccountRow], list[Said]]:
        told = {str(row["merchant_id"]) for row in facts.told_accounts}
        used = {str(row["account_id"]) for row in facts.told_accounts}
        rows = [row for row in find_rows(votes(facts, zone)) if row.merchant_id not in told]
        remarks: list[Said] = []
        rows = self.one_merchant_each(rows)
        known = {row.merchant_id for row in rows} | told
        used |= {row.account_id for row in rows}
        out = []
        for merchant in facts.merchants:
            mine = [row for row in rows if row.merchant_id == merchant]
            if mine:
                out += self.confirmed(merchant, mine)
                continue
            if merchant in known:
                continue
            row = self.unseen(merchant, facts, fits, used, remarks)
            if row is not None:
                out.append(row)
                used.add(row.account_id)
        return out, remarks

    def one_merchant_each(self, rows: list[AccountRow]) -> list[AccountRow]:
        """Keep each account's row of the merchant with most money there: the table's key is it."""
        by_account: dict[str, list[AccountRow]] = defaultdict(list)
        for row in rows:
            by_account[row.account_id].append(row)
        for account, same in by_account.items():
            if len(same) > 1:
                same.sort(key=lambda row: (-row.votes, row.merchant_id))
                others = ", ".join(clean(row.merchant_id, 40) for row in same[1:])
                words = {"account": clean(account, 60), "merchants": others}
                words["merchant"] = clean(same[0].merchant_id, 40)
                self.notes.append(Said("note.account_shared", words))
        kept = [row for row in rows if by_account[row.account_id][0] is row]
        counts = Counter(row.merchant_id for row in kept)
        # A merchant's only account needs no words to tell it from another.
        return [
            AccountRow(row.account_id, row.merchant_id, votes=row.votes, of=row.of)
            if counts[row.merchant_id] == 1
            else row
            for row in kept
        ]

    def confirmed(self, merchant: str, rows: list[AccountRow]) -> list[AccountRow]:
        """Let an answer given beforehand replace what was seen."""
        votes, of = sum(row.votes for row in rows), sum(row.of for row in rows)
        why = Said("why.account_votes", {"votes": votes, "of": of})
        who = clean(merchant, 40)
        question = Question(
            f"account.{merchant}", "account", who, rows[0].account_id, why, guessed=False
        )
        answer = self.talk.settle(question)
        return rows if answer is None else [AccountRow(answer, merchant)]

    def unseen(
        self,
        merchant: str,
        facts: Facts,
        fits: Mapping[tuple[str, str], Fit],
        used: set[str],
        remarks: list[Said],
    ) -> AccountRow | None:
        """Return the row of a merchant whose money was not followed; None: nobody knows it."""
        fit = max(
            (fit for (who, _), fit in fits.items() if who == merchant),
            key=lambda fit: fit.timing.explained,
            default=None,
        )
        default, why, guessed = "", Said("why.account_none"), True
        if fit is not None and fit.account_id not in used:
            words = {"explained": fit.timing.explained, "sales": fit.timing.sales}
            default, why, guessed = fit.account_id, Said("why.account_fit", words), False
        else:
            money = {p.currency for p in facts.providers if merchant in p.merchants}
            free = [
                account.account_id
                for account in facts.accounts
                if account.account_id not in used and account.currency in {None, *money}
            ]
            if len(free) == 1:
                default, why = free[0], Said("why.account_only")
        who = clean(merchant, 40)
        question = Question(f"account.{merchant}", "account", who, default, why, guessed)
        answer = self.talk.settle(question)
        if answer is None and not default:
            self.notes.append(Said("note.account_open", {"merchant": who}))
            return None
        if answer is None and guessed:
            text = f"{ACCOUNTS}: {clean(merchant, 40)} = {clean(default, 60)} ("
            remarks.append(Said("table.other", {"table": text + why.in_(self.lang) + ")"}))
        return AccountRow(answer or default, merchant)

    # The end.

    def remark(self, facts: Facts, intake: Intake) -> None:
        """Collect the sentences about what is missing and what was not read."""
        if not facts.counts.get("sales"):
            self.notes.append(Said("note.no_sales"))
        if not facts.counts.get("credits"):
            self.notes.append(Said("note.no_statement"))
        if not facts.counts.get("settlements"):
            self.notes.append(Said("note.no_settlement"))
        for file in intake.skipped:
            # A proposal of an earlier run is ours and no news.
            if file.kind == "refused" and file.file not in _PROPOSED.values():
                reason = file.problems[0] if file.problems else ""
                self.notes.append(Said("note.skipped", {"reason": reason}))

    def write(self, text: str, rows: list[AccountRow], facts: Facts) -> tuple[str, ...]:
        """Write both files and return their names.

        Raises:
            CannotStartError: a file cannot be written.
        """
        book, problems = load_terms_text(text, TERMS)
        assert book is not None, problems
        wrote = [self.place(TERMS, text)]
        if rows or not facts.told_accounts:
            banks = {a.account_id: a.bank_id for a in facts.accounts}
            for row in rows:
                if not banks.get(row.account_id):
                    words = {"account": clean(row.account_id, 60)}
                    self.notes.append(Said("note.bank_unknown", words))
            wrote.append(self.place(ACCOUNTS, _csv(rows, banks)))
        else:
            told = {"rows": len(facts.told_accounts)}
            self.notes.append(Said("note.accounts_told", told))
        return tuple(wrote)

    def place(self, name: str, text: str) -> str:
        """Write a file under its name, or under its proposal's where one is there already."""
        there = [p.name for p in self.folder.iterdir() if p.name.lower() == name]
        target = name
        if there:
            question = Question("replace", "replace", there[0], "no", Said("why.replace"))
            told = self.talk.settle(question)
            self.talk.open = [q for q in self.talk.open if q.key != "replace"]
            target = there[0] if told == "yes" else _PROPOSED[name]
        try:
            write_whole(self.folder / target, text)
        except OSError as error:
            raise self.stop("write", file=target, reason=error.strerror or error) from None
        if there and target == _PROPOSED[name]:
            self.notes.append(Said("note.kept", {"file": there[0], "proposed": target}))
        else:
            self.notes.append(Said("note.wrote", {"file": target}))
        return target


def _quoted(known: Known) -> Known:
    """Return the same with its value quoted as TOML has texts; zones and codes need no escape."""
    return Known(f'"{known.value}"', known.how, known.why)


def _listed(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(clean(name, 60) for name in names[:most])
    return shown + (", …" if len(names) > most else "")


def _csv(rows: Sequence[AccountRow], banks: Mapping[str, str | None]) -> str:
    """Return the text of ``accounts.csv``: only the columns that some row needs."""
    optional = [
        name
        for name in ("provider_id", "store_id", "channel", "currency", "valid_from")
        if any(getattr(row, name) for row in rows)
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["account_id", "merchant_id", "bank_id", *optional])
    for row in rows:
        bank = banks.get(row.account_id) or row.account_id
        writer.writerow(
            [
                row.account_id,
                row.merchant_id,
                bank,
                *(getattr(row, name) or "" for name in optional),
            ]
        )
    return out.getvalue()
