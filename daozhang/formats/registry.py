"""Which reader takes a file, and the reading that never lets a traceback out.

A file is recognised by its content alone; its name is for messages. Of the table layouts whose
header fits, those that rest on fewer columns than another fitting one step back, and a user's
profile goes before a bundled one. Two readers that still fit equally are refused, both named. In
an archive each file is recognised by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.facts import Problem
from daozhang.formats._archive import ArchiveError, is_archive, members
from daozhang.formats._card_ids import CardGuard
from daozhang.formats._unknown import explain
from daozhang.formats.adyen import AdyenReader
from daozhang.formats.alipay_account import AlipayAccountReader
from daozhang.formats.alipay_trade import AlipaySummaryReader, AlipayTradeReader
from daozhang.formats.allinpay import AllinpayBareReader, AllinpayReader
from daozhang.formats.bai2 import Bai2Reader
from daozhang.formats.base import HEAD_BYTES, Facts, Fit, Options, Reader, Source
from daozhang.formats.camt import CamtReader
from daozhang.formats.iso8583 import Iso8583Reader
from daozhang.formats.lcsw import LcswReader
from daozhang.formats.limits import FILE_BYTES_MAX
from daozhang.formats.mapped import ProfileReader, bundled_readers
from daozhang.formats.mt940 import Mt940Reader
from daozhang.formats.ofx import OfxReader
from daozhang.formats.paypal_activity import PaypalActivityReader
from daozhang.formats.paypal_settlement import PaypalSettlementReader
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.profiles import Profile
from daozhang.formats.square import (
    SquareEntriesReader,
    SquarePayoutsReader,
    SquareTransactionsReader,
)
from daozhang.formats.stripe import StripeBalanceReader
from daozhang.formats.stripe_api import StripeApiPayoutReader, StripeApiReader
from daozhang.formats.stripe_payments import StripePaymentsReader
from daozhang.formats.stripe_payouts import StripePayoutReader
from daozhang.formats.tables import TableReader, preview
from daozhang.formats.unionpay import UnionpayDisputeReader, UnionpayReader
from daozhang.formats.wechat_fund_flow import WechatFundFlowReader
from daozhang.formats.wechat_trade import WechatTradeReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["READERS", "format_names", "read_file", "read_with", "recognise"]

READERS: Final[tuple[Reader, ...]] = (
    CamtReader(),
    Mt940Reader(),
    Bai2Reader(),
    OfxReader(),
    Iso8583Reader(),
    AlipayTradeReader(),
    AlipaySummaryReader(),
    AlipayAccountReader(),
    WechatTradeReader(),
    WechatFundFlowReader(),
    UnionpayReader(),
    UnionpayDisputeReader(),
    AllinpayReader(),
    AllinpayBareReader(),
    LcswReader(),
    AdyenReader(),
    StripeBalanceReader(),
    StripePayoutReader(),
    StripePaymentsReader(),
    StripeApiReader(),
    StripeApiPayoutReader(),
    SquareEntriesReader(),
    SquarePayoutsReader(),
    SquareTransactionsReader(),
    PaypalSettlementReader(),
    PaypalActivityReader(),
    *bundled_readers(),
)
"""Every reader that comes with the package."""


def format_names() -> tuple[str, ...]:
    """Return the names that ``read_file`` takes as ``format``, in order."""
    return tuple(reader.name for reader in READERS)


def recognise(
    path: Path, name: str | None = None, profiles: Mapping[str, object] | None = None
) -> Reader | Problem:
    """Find the one reader that fits a file best.

    Args:
        path: where the file lies.
        name: what the user calls it; its path's last part by default.
        profiles: the user's mapping profiles by name (:class:`Profile` values).

    Returns:
        The reader, or one problem with line None that says what the file is and what to do. For
        an archive, a reader of its files, named after their formats (joined by ``+``).
    """
    shown = name or path.name
    try:
        source = _source(path, shown)
        if isinstance(source, Problem):
            return source
        return _best(source, profiles or {})
    except OSError as error:
        return _unreadable(shown, error)


def _source(path: Path, name: str) -> Source | Problem:
    size = path.stat().st_size
    if size > FILE_BYTES_MAX:
        message = f"the file has {size} bytes, more than the {FILE_BYTES_MAX} allowed: split it"
        return Problem(name, None, "file_too_large", message)
    with path.open("rb") as stream:
        return Source(path, name, stream.read(HEAD_BYTES))


def _unreadable(name: str, error: OSError) -> Problem:
    reason = error.strerror or type(error).__name__
    return Problem(name, None, "file_unreadable", f"the file cannot be opened: {reason}")


def _user_readers(profiles: Mapping[str, object]) -> list[TableReader]:
    """Return a reader for each user profile.

    Raises:
        TypeError: a value is not a Profile.
    """
    for key, profile in profiles.items():
        if not isinstance(profile, Profile):
            raise TypeError(f"profile {key!r} is a {type(profile).__name__}, not a Profile")
    return [ProfileReader(profile) for profile in profiles.values() if isinstance(profile, Profile)]


def _best(source: Source, profiles: Mapping[str, object]) -> Reader | Problem:
    if is_archive(source):
        return _archive_reader(source, profiles)
    user = _user_readers(profiles)
    fits: list[tuple[Fit, Reader]] = [
        (reader.fit(source), reader) for reader in READERS if not isinstance(reader, TableReader)
    ]
    if source.head and max(fit for fit, _ in fits) < Fit.CERTAIN:
        fits += _table_fits(source, user)
    best = max(fit for fit, _ in fits)
    if best is Fit.NO:
        return explain(source, [*user, *_bundled_tables()])
    winners = [reader for fit, reader in fits if fit is best]
    if len(winners) > 1:
        names = " and ".join(sorted(reader.name for reader in winners))
        return Problem(
            source.name, None, "format_ambiguous",
            f"the file fits {names} equally well: name the format to read it as",
        )  # fmt: skip
    return winners[0]


def _bundled_tables() -> list[TableReader]:
    return [reader for reader in READERS if isinstance(reader, TableReader)]


def _table_fits(source: Source, user: list[TableReader]) -> list[tuple[Fit, Reader]]:
    """Return the table readers that fit and that no better one puts aside."""
    found = preview(source)
    if found is None:
        return []
    for group in (user, _bundled_tables()):
        matches = [(*reader.match(found), reader) for reader in group]
        fitting = [match for match in matches if match[0] is not Fit.NO]
        kept: list[tuple[Fit, Reader]] = [
            (fit, reader)
            for fit, cells, reader in fitting
            if not any(cells < others for _, others, _ in fitting)
        ]
        if kept:
            return kept
    return []


class _ArchiveReader:
    """Reads every file of an archive with the reader that fits it."""

    def __init__(
        self, name: str, profiles: Mapping[str, object], named: Reader | None = None
    ) -> None:
        self.name = name
        self._profiles = profiles
        self._named = named

    def fit(self, source: Source) -> Fit:
        """Say whether the file is an archive."""
        return Fit.CERTAIN if is_archive(source) else Fit.NO

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream what the files hold; a file that nothing recognises is named and left out."""
        for member in members(source):
            if isinstance(member, ArchiveError):
                yield Problem(source.name, None, member.code, str(member))
                continue
            name = _member_name(source, member.name)
            inner = _source(member.path, name)
            found = inner if isinstance(inner, Problem) else self._reader_of(inner)
            if isinstance(found, Problem):
                message = f"left out of the archive: {found.message}"
                yield Problem(name, found.line, found.code, message, "warning")
            else:
                yield from _guarded(found, member.path, options, name)

    def _reader_of(self, source: Source) -> Reader | Problem:
        return self._named or _inner(source, self._profiles)


def _member_name(source: Source, member: str) -> str:
    return f"{source.name}/{member}" if member else source.name


def _inner(source: Source, profiles: Mapping[str, object]) -> Reader | Problem:
    """Return the reader of a file inside an archive; archives inside archives are refused."""
    if not source.head or is_archive(source):
        return explain(source)
    return _best(source, profiles)


def _archive_reader(source: Source, profiles: Mapping[str, object]) -> Reader | Problem:
    """Return a reader of an archive in which at least one file is recognised."""
    names: list[str] = []
    first: Problem | None = None
    for member in members(source):
        if isinstance(member, ArchiveError):
            first = first or Problem(source.name, None, member.code, str(member))
            continue
        inner = _source(member.path, _member_name(source, member.name))
        found = inner if isinstance(inner, Problem) else _inner(inner, profiles)
        if isinstance(found, Problem):
            message = f"{member.name}: {found.message}" if member.name else found.message
            first = first or Problem(source.name, None, found.code, message)
        elif found.name not in names:
            names.append(found.name)
    if names:
        return _ArchiveReader("+".join(sorted(names)), profiles)
    return first or Problem(
        source.name, None, "is_archive", "the archive holds no file: fetch it again"
    )


def read_file(
    path: Path,
    options: Options,
    name: str | None = None,
    format: str | None = None,  # noqa: A002
) -> Iterator[Facts | Problem]:
    """Read a file's facts and problems, whatever it contains.

    Args:
        path: where the file lies.
        options: time zone, currency and the user's mapping profiles.
        name: what the user calls it, for problems; its path's last part by default.
        format: a name of :func:`format_names` or of a user's profile; None: recognise it.

    Returns:
        A stream of facts and located problems. Content never raises: should a reader fail, that
        is one problem ``reader_failed``, and what was read before it stands.

    Raises:
        ValueError: the format is unknown, or the time zone is (a broken call, raised at once).
    """
    _check_zone(options.timezone)
    user = _user_readers(options.profiles)
    chosen: Reader | None = None
    if format is not None:
        chosen = next((r for r in (*user, *READERS) if r.name == format), None)
        if chosen is None:
            known = ", ".join((*format_names(), *(r.name for r in user)))
            raise ValueError(f"format {format!r} is unknown; known are {known}")
    return _guarded(chosen, path, options, name or path.name)


def read_with(reader: Reader, path: Path, options: Options, name: str) -> Iterator[Facts | Problem]:
    """Read a file with the reader that :func:`recognise` found, as :func:`read_file` does.

    Raises:
        ValueError: the time zone is unknown.
    """
    _check_zone(options.timezone)
    return _guarded(reader, path, options, name)


def _check_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (KeyError, OSError) as error:
        raise ValueError(f"{timezone!r} is not an IANA time zone") from error


def _guarded(
    chosen: Reader | None, path: Path, options: Options, name: str
) -> Iterator[Facts | Problem]:
    last_line: int | None = None
    reader: Reader | None = chosen
    try:
        source = _source(path, name)
        if isinstance(source, Problem):
            yield source
            return
        if not source.head:
            yield explain(source)
            return
        if reader is None:
            found = _best(source, options.profiles)
            if isinstance(found, Problem):
                yield found
                return
            reader = found
        elif is_archive(source) and not isinstance(reader, _ArchiveReader):
            # The user named the format of what is inside.
            reader = _ArchiveReader(reader.name, options.profiles, named=reader)
        guard = CardGuard(name)
        for item in reader.read(source, options):
            if isinstance(item, Facts):
                last_line = item.lines[-1]
                yield from guard.passed(item)
            else:
                yield item
        yield from guard.problems()
    except OSError as error:
        yield _unreadable(name, error)
    except Exception as error:  # noqa: BLE001 (the last resort: content must not end a run)
        label = reader.name if reader is not None else "recognising"
        yield Problem(
            name, last_line, "reader_failed",
            f"{label} failed ({type(error).__name__}: {truncate_cards(str(error))[:200]}); what "
            "was read up to here stands: please report this file's layout",
        )  # fmt: skip
