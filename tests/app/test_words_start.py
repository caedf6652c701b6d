"""The texts of ``init`` and ``map``: both languages say the same, and every text is used."""

from pathlib import Path

from daozhang.app.words_start import START_WORDS


def test_both_languages_say_the_same_with_the_same_values():
    import string

    def fields(text):
        return sorted({name for _, name, _, _ in string.Formatter().parse(text) if name})

    assert set(START_WORDS["zh"]) == set(START_WORDS["en"])
    for key in START_WORDS["zh"]:
        chinese, english = START_WORDS["zh"][key], START_WORDS["en"][key]
        assert fields(chinese) == fields(english), key


def test_every_text_is_used():
    """A key that nothing says any more is dead weight in two languages."""
    import daozhang

    root = Path(daozhang.__file__).parent
    code = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("app", "cli")
        for path in (root / folder).glob("*.py")
        if not path.name.startswith("_words_start")
    )
    made = ("ask.", "example.", "bad.", "stop.", "map.", "mark.", "who.", "col.", "table.")
    unused = [k for k in START_WORDS["en"] if f'"{k}"' not in code and not k.startswith(made)]
    assert not unused
