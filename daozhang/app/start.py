"""Use case: from bare files to ``terms.toml`` and ``accounts.csv`` (the command ``init``).

Rules kept here: what the files show is inferred and said with its evidence, what they cannot show
is asked, one question at a time, with a proposed answer; where nobody answers, the proposal is
taken and marked as a guess. A file of the user's is never overwritten unless told so. What is
written loads: ``terms.toml`` goes through the strict reader before it is put in its place.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from daozhang.app._start_accounts import AccountRow, Vote, find_rows
from daozhang.app._start_amounts import Fit, find_fit
from daozhang.app._start_answers import Ask, BadAnswerError, Question, Talk, UnknownAnswerError
from daozhang.app._start_facts import Facts, Linked, see
from daozhang.app._start_fees import find_fees
from daozhang.app._start_terms import Draft, Known, draft_terms, percent, terms_text
from daozhang.app._start_timing import Timing, find_timing, local_day, zones_of
from daozhang.app.answers import write_whole
from daozhang.app.check import UnusableError
from daozhang.app.intake import Intake, Progress, take_folder
from daozhang.app.settings import TERMS, Settings, load_settings
from daozhang.app.words_start import Said, say_start
from daozhang.charts.guard import clean
from daozhang.engine import DuckEngine
from daozhang.formats.base import Options
from daozhang.journey.terms import load_terms_text

__all__ = ["ACCOUNTS", "Started", "start"]

ACCOUNTS: Final = "accounts.csv"
_PROPOSED: Final = {TERMS: "terms.proposed.toml", ACCOUNTS: "accounts.proposed.csv"}
_HOME: Final = "Asia/Shanghai"
_HEAD_BYTES: Final = 64 * 1024
_OFFSET: Final = re.compile(rb"T\d\d:\d\d(?::\d\d(?:\.\d+)?)?([+-]\d\d:\d\d)\b")
_NIGHT: Final = range(1, 6)
_NIGHT_SHARE_MAX: Final = 0.12
_SAME_DAY_PERCENT: Final = 10
_SPLIT_GAIN: Final = 0.05
_FITS_MAX: Final = 60
_FIT_SHARE_MIN: Final = 0.5


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
    on_found: Callable[[Facts, Intake, str], None] = lambda facts, intake, zone: None,
    on_file: Callable[[Progress], None] = lambda progress: None,
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
        UnusableError: nothing can be begun with, in one sentence of ``lang``.
    """
    try:
        return _Start(folder, lang, Talk(answers or {}, ask)).run(on_found, on_file)
    except BadAnswerError as bad:
        raise UnusableError(bad.said.in_(lang)) from None
    except UnknownAnswerError as bad:
        known = ", ".join(bad.known)
        said = Said("stop.answer_key", {"key": bad.key, "known": known})
        raise UnusableError(said.in_(lang)) from None


class _Start:
    """One run of ``init``."""

    def __init__(self, folder: Path, lang: str, talk: Talk) -> None:
        self.folder, self.lang, self.talk = folder, lang, talk
        self.notes: list[Said] = []

    def stop(self, key: str, **values: object) -> UnusableError:
        return UnusableError(say_start(self.lang, f"stop.{key}", folder=self.folder, **values))

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
        guess, how, why = _zone_of(facts, currency, _offsets(self.folder, intake), told_zone)
        on_found(facts, intake, guess)
        money = self.ask_top("currency", currency)
        place = self.ask_top("timezone", Known(guess, how, why))
        if self.must_look_again(intake, place.value, told_zone or _HOME):
            facts, intake = self.look(settings, place.value, money.value, on_file)
        drafts, fits = self.terms(facts, money.value, place.value)
        rows, remarks = self.accounts(facts, fits, place.value)
        self.talk.finish()
        self.remark(facts, intake, drafts, place.value)
        quoted = [replace_known(known) for known in (place, money)]
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
            UnusableError: there is not.
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
                payers=_listed(payers) or say_start(self.lang, "show.unknown"),
            )
        raise self.stop("other", tables=", ".join(facts.counts))

    def refuse_files(self, intake: Intake) -> None:
        refused = [file for file in intake.files if file.kind == "refused"]
        if refused:
            problems = [next(iter(file.problems), None) for file in refused]
            if all(problem and problem.code in {"is_image", "is_pdf"} for problem in problems):
                raise self.stop("pictures")
            first = next((str(problem) for problem in problems if problem), "")
            raise self.stop("unread", files=len(refused), problem=clean(first, 300))
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
        fits = _fits(facts, zone)
        drafts: list[Draft] = []
        for provider in facts.providers:
            theirs = provider.currency or currency
            linked = [row for row in facts.linked if row.provider_id == provider.provider_id]
            zones = [zone] if theirs == currency else [*zones_of(theirs), zone]
            timings = _timings(linked, theirs, zones, zone)
            mine = [fit for (_, who), fit in fits.items() if who == provider.provider_id]
            fitted = None
            if mine and not timings:
                best = max(mine, key=lambda fit: fit.timing.explained)
                timings, fitted = {None: best.timing}, (best.bps, best.timing.explained)
            lines = [line for line in facts.fee_lines if line.provider_id == provider.provider_id]
            new = draft_terms(provider.provider_id, theirs, zone, timings, find_fees(lines), fitted)
            for draft in new:
                self.ask_about(draft, theirs, new[0])
            drafts += new
            self.note_same_day(provider.provider_id, linked, timings, zone)
        return drafts, fits

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
        timings: Mapping[str | None, Timing],
        zone: str,
    ) -> None:
        """Say where money came on the day of sale though the rule is a later one."""
        timing = timings.get(None)
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
        rows = [row for row in find_rows(_votes(facts, zone)) if row.merchant_id not in told]
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
        return [row for row in rows if by_account[row.account_id][0] is row]

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

    def remark(self, facts: Facts, intake: Intake, drafts: Sequence[Draft], zone: str) -> None:
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
                reason = file.problems[0].message if file.problems else ""
                words = {"file": clean(file.file, 60), "reason": clean(reason)}
                self.notes.append(Said("note.skipped", words))

    def write(self, text: str, rows: list[AccountRow], facts: Facts) -> tuple[str, ...]:
        """Write both files and return their names.

        Raises:
            UnusableError: a file cannot be written.
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
            words = {"rows": len(facts.told_accounts)}
            self.notes.append(Said("note.accounts_told", words))
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


def replace_known(known: Known) -> Known:
    """Return the same with its value quoted as TOML has texts; zones and codes need no escape."""
    return Known(f'"{known.value}"', known.how, known.why)


def _listed(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(clean(name, 60) for name in names[:most])
    return shown + (", …" if len(names) > most else "")


def _offsets(folder: Path, intake: Intake) -> Counter[str]:
    """Count the offsets in which the canonical files' times are written; ``Z`` says nothing."""
    found: Counter[str] = Counter()
    for file in intake.files:
        if file.kind != "facts" or file.format != "canonical_csv":
            continue
        try:
            with (folder / file.file).open("rb") as stream:
                head = stream.read(_HEAD_BYTES)
        except OSError:
            continue
        found.update(match.decode() for match in _OFFSET.findall(head))
    return found


def _zone_of(
    facts: Facts, currency: Known, offsets: Counter[str], told: str | None
) -> tuple[str, str, Said]:
    """Return the likeliest zone, how it is known, and why."""
    names = zones_of(currency.value)
    if told is not None and told not in names:
        names = (told, *names)
    moment = facts.providers[0].first or datetime(2026, 1, 1, tzinfo=UTC)
    total = offsets.total()
    for offset, count in offsets.most_common(1):
        for name in names:
            if 2 * count > total and _offset_text(name, moment) == offset:
                return name, "seen", Said("why.zone_offset", {"offset": offset})
    if sum(facts.hours.values()) >= 100:  # noqa: PLR2004 - fewer sales show no quiet hours
        quiet, name = min(
            (_night_share(facts.hours, name, moment), place) for place, name in enumerate(names)
        )
        if quiet <= _NIGHT_SHARE_MAX:
            return names[name], "seen", Said("why.zone_quiet")
    return names[0], "guessed", Said("why.zone_currency", {"currency": currency.value})


def _offset_text(name: str, moment: datetime) -> str:
    offset = moment.astimezone(ZoneInfo(name)).strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"


def _night_share(hours: Mapping[int, int], name: str, moment: datetime) -> float:
    """Return the share of sales in the small hours of a zone; for choosing only."""
    shift = moment.astimezone(ZoneInfo(name)).utcoffset() or timedelta()
    local = {(hour + round(shift.total_seconds() / 3600)) % 24: n for hour, n in hours.items()}
    return sum(local.get(hour, 0) for hour in _NIGHT) / max(1, sum(local.values()))


def _timings(
    linked: Sequence[Linked], currency: str, zones: Sequence[str], home: str
) -> dict[str | None, Timing]:
    """Return what explains a provider's dates: for all, or by channel where that does better."""
    whole = find_timing(linked, currency, zones, home)
    if whole is None:
        return {}
    channels = sorted({row.channel for row in linked})
    if whole.share >= 1 - _SPLIT_GAIN or len(channels) == 1:
        return {None: whole}
    parts = {}
    for channel in channels:
        found = find_timing([r for r in linked if r.channel == channel], currency, zones, home)
        assert found is not None
        parts[channel] = found
    explained = sum(part.explained for part in parts.values())
    if explained < whole.explained + _SPLIT_GAIN * whole.sales:
        return {None: whole}
    most = max(parts.values(), key=lambda part: part.sales)
    out: dict[str | None, Timing] = {None: most}
    for channel, part in parts.items():
        if (part.plan, part.cutoff) != (most.plan, most.cutoff):
            out[channel] = part
    return out


def _fits(facts: Facts, zone: str) -> dict[tuple[str, str], Fit]:
    """Return by (merchant, provider) what fits amounts, where no sale could be followed."""
    groups = sorted({(part.merchant_id, part.provider_id) for part in facts.sums})
    out: dict[tuple[str, str], Fit] = {}
    if not facts.arrived or len(groups) > _FITS_MAX:
        return out
    for merchant, provider in groups:
        mine = [p for p in facts.sums if (p.merchant_id, p.provider_id) == (merchant, provider)]
        found = _good(find_fit(mine, facts.arrived, zone))
        if found:
            out[merchant, provider] = found
    for merchant in sorted({merchant for merchant, _ in groups}):
        providers = [provider for who, provider in groups if who == merchant]
        if len(providers) > 1 and not any((merchant, p) in out for p in providers):
            mine = [p for p in facts.sums if p.merchant_id == merchant]
            found = _good(find_fit(mine, facts.arrived, zone))
            if found:
                out.update({(merchant, provider): found for provider in providers})
    return out


def _good(fit: Fit | None) -> Fit | None:
    return fit if fit is not None and fit.timing.share >= _FIT_SHARE_MIN else None


def _votes(facts: Facts, zone: str) -> list[Vote]:
    place = ZoneInfo(zone)
    return [
        Vote(
            row.merchant_id, row.provider_id, row.channel, row.store_id or "", row.currency,
            row.account_id, local_day(row.seen, place, day_only=row.day_only)[0],
        )
        for row in facts.linked
        if row.account_id is not None
    ]  # fmt: skip


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
