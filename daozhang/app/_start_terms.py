"""Drafts of ``[[terms]]`` tables: what is known of each key, how, and how it is written.

Rules kept here: every line of the written file says where it comes from; what was not seen is
marked as a guess until somebody confirms it. Evidence counts as seen when at least 80 % of 20 or
more sales on 3 or more days are explained; the rest may well be the late money that is looked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, Literal

from daozhang.app._start_answers import Question
from daozhang.app._start_fees import Fee, FeeKey, rate_text
from daozhang.app._start_timing import LAG_DAYS_MAX, Timing, calendar_of, customary
from daozhang.app.words_start import Said, say_start
from daozhang.charts.guard import clean
from daozhang.journey._local_time import clock_text
from daozhang.money import Rounding

__all__ = ["Draft", "Known", "draft_terms", "percent", "terms_text"]

_SURE_SHARE: Final = 0.8
_HALF: Final = 0.5
_SALES_MIN: Final = 20
_DAYS_MIN: Final = 3
_FIT_SHARE: Final = 0.8
_WIDE_MINUTES: Final = 60
_CREDIT_BY: Final = "18:00"
_BPS: Final = {"CNY": Fraction(60)}
"""The customary merchant rate for credit cards in China; elsewhere none is assumed."""

_ORDER: Final = (
    "timezone", "cutoff", "cutoff_by", "basis", "lag_days", "calendar", "credit_by",
    "credit_calendar", "fee_bps", "fee_cap_minor", "fee_fixed_minor", "fee_tax_bps",
    "fee_rounding",
)  # fmt: skip


@dataclass(slots=True)
class Known:
    """The value of one key as TOML has it, and how it is known."""

    value: str
    how: Literal["seen", "guessed", "told"]
    why: Said


@dataclass(slots=True)
class Draft:
    """One term on its way into the file.

    Attributes:
        values: by key, each with its comment.
        timing: what the dates said; None: nothing.
        fee: what the lines said; None: nothing.
        fee_from: the key of the fee, for showing.
    """

    provider_id: str
    channel: str | None = None
    merchant_id: str | None = None
    values: dict[str, Known] = field(default_factory=dict)
    timing: Timing | None = None
    fee: Fee | None = None

    @property
    def who(self) -> Said:
        """Whom the term is for, readably."""
        values = {
            "provider": clean(self.provider_id, 40),
            "channel": clean(self.channel or "", 40),
            "merchant": clean(self.merchant_id or "", 40),
        }
        if self.channel and self.merchant_id:
            return Said("who.both", values)
        if self.channel or self.merchant_id:
            return Said("who.channel" if self.channel else "who.merchant", values)
        return Said("who.provider", values)

    @property
    def key(self) -> str:
        """What the draft's questions are named after."""
        parts = [self.provider_id, self.channel, self.merchant_id]
        return "terms." + "/".join(part for part in parts if part)

    @property
    def arrival(self) -> str:
        """``T+1`` or ``D+1``."""
        letter = "T" if self.values["basis"].value == '"business"' else "D"
        return f"{letter}+{self.values['lag_days'].value}"

    def text_of(self, key: str) -> str:
        """Return a text value without its quotes."""
        return str(json.loads(self.values[key].value))

    def questions(self) -> list[Question]:
        """Return what may be asked about the term, in the order of asking."""
        about = (
            ("cutoff", "cutoff", self.text_of("cutoff")),
            ("arrival", "lag_days", self.arrival),
            ("credit_by", "credit_by", self.text_of("credit_by")),
            ("fee", "fee_bps", self.values["fee_bps"].value + "bps"),
        )
        return [
            Question(
                f"{self.key}.{kind}", kind, self.who, default,
                self.values[key].why, self.values[key].how == "guessed",
            )
            for kind, key, default in about
        ]  # fmt: skip

    def take(self, kind: str, answer: str, currency: str) -> None:
        """Put an answer in; the answer is in the spelling of ``read_answer``."""
        said = Said("mark.told")
        if kind == "arrival":
            business = answer.startswith("T")
            if answer != self.arrival:
                self.values.pop("credit_calendar", None)
                if not business:
                    self.values.pop("calendar", None)
            basis = "business" if business else "calendar"
            self.values["basis"] = Known(_quoted(basis), "told", said)
            self.values["lag_days"] = Known(answer[2:], "told", said)
            if business and "calendar" not in self.values:
                reason = Said("why.calendar", {"currency": currency})
                self.values["calendar"] = Known(_quoted(calendar_of(currency)), "seen", reason)
        elif kind == "fee":
            self.values["fee_bps"] = Known(answer, "told", said)
        else:
            self.values[kind] = Known(_quoted(answer), "told", said)


def percent(part: int, whole: int) -> int:
    """Return a share in whole per cent, rounded down."""
    return 100 * part // whole if whole else 0


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def draft_terms(
    provider_id: str,
    currency: str,
    zone: str,
    timings: dict[str | None, Timing],
    fees: dict[FeeKey, Fee],
    *,
    fitted: tuple[Fraction, int] | None = None,
) -> list[Draft]:
    """Return a provider's drafts: one for all its sales, then one for each exception.

    Args:
        provider_id: the provider.
        currency: of most of its sales.
        zone: the file's time zone.
        timings: by channel; None: for all.
        fees: by channel and merchant.
        fitted: a rate that amounts by day suggest, and on how many days; None: none does.
    """
    scopes: list[FeeKey] = [(None, None)]
    scopes += [(channel, None) for channel in timings if channel is not None]
    scopes += [key for key in fees if key not in scopes]
    drafts = []
    for channel, merchant in scopes:
        timing = timings.get(channel) or timings.get(None)
        fee = fees.get((channel, merchant)) or fees.get((channel, None)) or fees.get((None, None))
        draft = Draft(provider_id, channel, merchant, timing=timing, fee=fee)
        _put_timing(draft, timing, currency, zone)
        _put_fee(draft, fee, currency, fitted)
        drafts.append(draft)
    return drafts


def _put_timing(draft: Draft, timing: Timing | None, currency: str, zone: str) -> None:
    values = draft.values
    if timing is None or timing.share < _HALF:
        why = Said("why.timing_none", {"currency": currency})
        if timing is not None:
            share = percent(timing.explained, timing.sales)
            words = {"percent": share, "sales": timing.sales, "currency": currency}
            why = Said("why.timing_weak", words)
        values["cutoff"] = Known(_quoted(clock_text(customary(currency))), "guessed", why)
        values["basis"] = Known(_quoted("business"), "guessed", why)
        values["lag_days"] = Known("1", "guessed", why)
        calendar = Said("why.calendar", {"currency": currency})
        values["calendar"] = Known(_quoted(calendar_of(currency)), "seen", calendar)
        _put_credit_by(draft, None)
        return
    words = {
        "explained": timing.explained,
        "sales": timing.sales,
        "percent": percent(timing.explained, timing.sales),
        "days": timing.days,
    }
    how: Literal["seen", "guessed"]
    how, why = "seen", Said(_evidence(timing), words)
    by_days = timing.sales == timing.days
    if (timing.sales < _SALES_MIN and not by_days) or timing.days < _DAYS_MIN:
        how, why = "guessed", Said("why.timing_few", words)
    elif timing.share < _SURE_SHARE:
        how, why = "guessed", Said("why.timing_some", words)
    if timing.zone != zone:
        values["timezone"] = Known(_quoted(timing.zone), how, why)
    low, high = clock_text(timing.cutoff_low), clock_text(timing.cutoff_high)
    wide = timing.cutoff_high - timing.cutoff_low > _WIDE_MINUTES
    range_why = Said("why.cutoff_wide", {"low": low, "high": high})
    cutoff = _quoted(clock_text(timing.cutoff))
    values["cutoff"] = Known(cutoff, "guessed", range_why) if wide else Known(cutoff, how, why)
    if timing.clock != "seen":
        values["cutoff_by"] = Known(_quoted(timing.clock), how, why)
    tie = _tie(timing)
    arrival_how, arrival_why = how, why
    if tie is not None and how == "seen":
        arrival_how, arrival_why = "guessed", Said("why.arrival_tie", {"rival": tie})
    values["basis"] = Known(_quoted(timing.plan.basis), arrival_how, arrival_why)
    values["lag_days"] = Known(str(timing.plan.lag_days), arrival_how, arrival_why)
    reason = Said("why.calendar", {"currency": currency})
    if timing.plan.calendar:
        values["calendar"] = Known(_quoted(timing.plan.calendar), "seen", reason)
    if timing.plan.credit_calendar:
        values["credit_calendar"] = Known(_quoted(timing.plan.credit_calendar), "seen", reason)
    _put_credit_by(draft, timing.credit_by)


def _evidence(timing: Timing) -> str:
    if timing.sales == timing.days:
        return "why.timing_days"
    return "why.timing_bank" if timing.from_bank else "why.timing_payout"


def _tie(timing: Timing) -> str | None:
    """Return a way to count days that fits as well and will differ on the next holiday."""
    for rival, explained in timing.rivals:
        same_days = rival.lag_days == timing.plan.lag_days and rival.lag_days <= LAG_DAYS_MAX
        other = rival.basis != timing.plan.basis and rival.credit_calendar is None
        if same_days and other and explained >= timing.explained:
            return rival.short
    return None


def _put_credit_by(draft: Draft, credit_by: int | None) -> None:
    """Propose by when the money is due; files show when it came, never when it was promised."""
    usual, why = _quoted(_CREDIT_BY), Said("why.credit_by_none")
    if credit_by is not None:
        usual, why = _quoted(clock_text(credit_by)), Said("why.credit_by")
    draft.values["credit_by"] = Known(usual, "guessed", why)


def _put_fee(
    draft: Draft, fee: Fee | None, currency: str, fitted: tuple[Fraction, int] | None
) -> None:
    values = draft.values
    if fee is None:
        bps, why = _BPS.get(currency, Fraction(0)), Said("why.fee_none", {"currency": currency})
        if fitted is not None:
            bps, why = fitted[0], Said("why.fee_fit", {"days": fitted[1]})
        values["fee_bps"] = Known(rate_text(bps), "guessed", why)
        return
    words = {
        "agreed": fee.agreed,
        "lines": fee.lines,
        "percent": percent(fee.agreed, fee.lines),
    }
    how: Literal["seen", "guessed"] = "seen" if fee.found else "guessed"
    why = Said("why.fee" if fee.found else "why.fee_weak", words)
    values["fee_bps"] = Known(rate_text(fee.bps), how, why)
    if fee.cap is not None:
        values["fee_cap_minor"] = Known(str(fee.cap), how, why)
    if fee.fixed:
        values["fee_fixed_minor"] = Known(str(fee.fixed), how, why)
    if fee.tax_bps:
        values["fee_tax_bps"] = Known(rate_text(fee.tax_bps), how, why)
    if fee.rounding is not Rounding.HALF_UP:
        values["fee_rounding"] = Known(_quoted(fee.rounding.value), how, why)


def terms_text(
    timezone: Known,
    currency: Known,
    drafts: Sequence[Draft],
    remarks: Iterable[Said],
    lang: str,
) -> str:
    """Return the text of ``terms.toml``; ``remarks`` are guesses about ``accounts.csv``."""
    lines = [f"# {say_start(lang, key)}" for key in ("file.head", "file.how")]
    for remark in remarks:
        marked = say_start(lang, "mark.guessed", why=remark.in_(lang))
        lines.append(f"# {clean(marked, 300)}")
    lines += ["", _line("timezone", timezone, lang), _line("currency", currency, lang)]
    for draft in drafts:
        lines += ["", "[[terms]]", f"provider_id = {_quoted(draft.provider_id)}"]
        if draft.channel:
            lines.append(f"channel = {_quoted(draft.channel)}")
        if draft.merchant_id:
            lines.append(f"merchant_id = {_quoted(draft.merchant_id)}")
        lines += [_line(key, draft.values[key], lang) for key in _ORDER if key in draft.values]
    return "\n".join(lines) + "\n"


def _line(key: str, known: Known, lang: str) -> str:
    if known.how == "told":
        return f"{key} = {known.value}  # {say_start(lang, 'mark.told')}"
    # Names out of files stand in reasons; a line break in one would end the comment.
    marked = say_start(lang, f"mark.{known.how}", why=known.why.in_(lang))
    return f"{key} = {known.value}  # {clean(marked, 300)}"
