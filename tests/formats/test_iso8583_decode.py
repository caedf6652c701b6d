"""The quick decoder gives what pyiso8583 gives, or nothing where that refuses."""

import random

import iso8583
import pytest

from daozhang.formats._iso8583_decode import Decoder
from daozhang.formats._iso8583_specs import SPECS

NUMBERS = [*range(2, 65), *range(66, 129)]


def message(rng, name):
    """Return a message with random fields, encoded by the library."""
    spec = SPECS[name]
    doc = {"t": rng.choice(["0200", "0210", "0500", "0820"])}
    for number in rng.sample(NUMBERS, rng.randrange(1, 25)):
        field = spec[str(number)]
        size = field["max_len"]
        length = rng.randrange(min(size, 40) + 1) if field["len_type"] else size
        digits = "0123456789ABCDEF" if field["data_enc"] == "b" else "0123456789 AZaz"
        if field["data_enc"] == "b":
            nibbles = field.get("len_count") == "nibbles"
            length = length if nibbles else 2 * length
            digits = "0123456789" if nibbles else digits
        doc[str(number)] = "".join(rng.choice(digits) for _ in range(length))
    doc["p"] = doc["1"] = ""
    return bytes(iso8583.encode({k: v for k, v in doc.items() if k not in "p1"}, spec)[0])


def theirs(data, name):
    try:
        return dict(iso8583.decode(data, SPECS[name])[0])
    except (iso8583.DecodeError, ValueError, LookupError):
        return None


@pytest.mark.parametrize("name", SPECS)
def test_as_the_library_decodes(name):
    rng = random.Random(name)
    decoder = Decoder(SPECS[name])
    for _ in range(400):
        data = message(rng, name)
        expected = theirs(data, name)
        assert expected is not None
        assert decoder.decode(data) == expected


@pytest.mark.parametrize("name", SPECS)
def test_damaged_messages(name):
    """What the library refuses is refused; what is given is what the library gives."""
    rng = random.Random(f"damaged {name}")
    decoder = Decoder(SPECS[name])
    given = 0
    for _ in range(1_500):
        data = bytearray(message(rng, rng.choice([name, *SPECS])))
        for _ in range(rng.randrange(3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        data = bytes(data[: rng.choice([len(data), len(data), rng.randrange(len(data))])])
        found = decoder.decode(data)
        if found is not None:
            given += 1
            assert found == theirs(data, name)
    assert given > 100
