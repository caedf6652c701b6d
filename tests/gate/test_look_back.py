"""A payout that came back had been sent in time for all to see until its return was told."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from daozhang.cli.main import main
from tests.shared import SOAK

LOOKED_AT = slice(3) if SOAK else slice(1, 2)
"""Which of the moments at which harm grew are looked back to."""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("world") / "w"
    assert main(["world", str(place), "--seed", "4", "--faults", "F4", "--sales", "15000"]) == 0
    return place / "in"


def looks(estate: Path, out: Path, *words: str) -> list[dict]:
    call = ["replay", str(estate), "--release", "3.2.1", "--every", "1h", "--lang", "en"]
    assert main([*call, "--out", str(out), *words]) == 0
    return json.loads(out.read_text(encoding="utf-8"))[0]["looks"]


def test_harm_is_seen_in_the_past_when_it_could_be(estate: Path, tmp_path: Path) -> None:
    whole = {look["at"]: look for look in looks(estate, tmp_path / "whole.json")}
    grew = [
        at
        for before, at in zip(list(whole), list(whole)[1:], strict=False)
        if whole[at]["e_value"] > whole[before]["e_value"]
    ]
    assert len(grew) > 1, "there was harm to be seen"
    for at in grew[LOOKED_AT]:
        then = looks(estate, tmp_path / "then.json", "--as-of", at)[-1]
        assert datetime.fromisoformat(then["at"]) == datetime.fromisoformat(at)
        assert then["money_at_risk_minor"] == whole[at]["money_at_risk_minor"]
        assert then["e_value"] == pytest.approx(whole[at]["e_value"])
