"""Card numbers never leave a reader whole; what they are is said in :mod:`daozhang.facts.cards`."""

from daozhang.facts.cards import (
    is_card_number,
    may_hold_card_number,
    proves_card_number,
    truncate_cards,
)

__all__ = ["is_card_number", "may_hold_card_number", "proves_card_number", "truncate_cards"]
