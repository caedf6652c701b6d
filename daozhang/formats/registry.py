"""Which reader takes a file, and the reading that never lets a traceback out.

A file is recognised by its content alone; its name is for messages. Of the mapping profiles whose
header fits, those that name fewer columns than another fitting one step back, and a user's profile
goes before a bundled one. Two readers that still fit equally are refused, both named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.facts import Problem
from daozhang.formats._unknown import explain
from daozhang.formats.base import HEAD_BYTES, Facts, Fit, Options, Reader, Source
from daozhang.formats.camt import CamtReader
from daozhang.formats.limits import FILE_BYTES_MAX
from daozhang.formats.mapped import ProfileReader, bundled_readers, preview
from daozhang.formats.mt940 import Mt940Reader
from daozhang.formats.profiles import Profile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["READERS", "format_names", "read_file", "recognise"]

READERS: Final[tuple[Reader, ...]] = (CamtReader(), Mt940Reader(), *bundled_readers())
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
        The reader, or one problem with line None that says what the file is and what to do.
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


def _user_readers(profiles: Mapping[str, object]) -> list[ProfileReader]:
    """Return a reader for each user profile.

    Raises:
        TypeError: a value is not a Profile.
    """
    for key, profile in profiles.items():
        if not isinstance(profile, Profile):
            raise TypeError(f"profile {key!r} is a {type(profile).__name__}, not a Profile")
    return [ProfileReader(profile) for profile in profiles.values() if isinstance(profile, Profile)]


def _best(source: Source, profiles: Mapping[str, object]) -> Reader | Problem:
    user = _user_readers(profiles)
    fits: list[tuple[Fit, Reader]] = [
        (reader.fit(source), reader) for reader in READERS if not isinstance(reader, ProfileReader)
    ]
    if source.head and max(fit for fit, _ in fits) < Fit.CERTAIN:
        fits += _profile_fits(source, user)
    best = max(fit for fit, _ in fits)
    if best is Fit.NO:
        return explain(source)
    winners = [reader for fit, reader in fits if fit is best]
    if len(winners) > 1:
        names = " and ".join(sorted(reader.name for reader in winners))
        return Problem(
            source.name, None, "format_ambiguous",
            f"the file fits {names} equally well: name the format to read it as",
        )  # fmt: skip
    return winners[0]


def _profile_fits(source: Source, user: list[ProfileReader]) -> list[tuple[Fit, Reader]]:
    """Return the profile readers that fit and that no better one puts aside."""
    found = preview(source)
    if found is None:
        return []
    bundled = [reader for reader in READERS if isinstance(reader, ProfileReader)]
    for group in (user, bundled):
        fitting = [(fit, r) for r in group if (fit := r.fit_preview(found)) is not Fit.NO]
        kept = [
            (fit, reader)
            for fit, reader in fitting
            if not any(reader.profile.columns < other.profile.columns for _, other in fitting)
        ]
        if kept:
            return list(kept)
    return []


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
    return _read(path, options, name or path.name, chosen)


def _check_zone(timezone: str) -> None:
    try:
        ZoneInfo(timezone)
    except (KeyError, OSError) as error:
        raise ValueError(f"{timezone!r} is not an IANA time zone") from error


def _read(
    path: Path, options: Options, name: str, chosen: Reader | None
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
        for item in reader.read(source, options):
            if isinstance(item, Facts):
                last_line = item.lines[-1]
            yield item
    except OSError as error:
        yield _unreadable(name, error)
    except Exception as error:  # noqa: BLE001 (the last resort: content must not end a run)
        label = reader.name if reader is not None else "recognising"
        yield Problem(
            name, last_line, "reader_failed",
            f"{label} failed ({type(error).__name__}: {str(error)[:200]}); what was read up to "
            "here stands: please report this file's layout",
        )  # fmt: skip
