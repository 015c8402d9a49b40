"""Reads the word lists that other modules keep: one text with spaces between."""

from __future__ import annotations


def word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NATIONS = word_set(
    """
    african american arabic asian australian austrian belgian brazilian british canadian celtic chinese danish dutch
    english european finnish french german greek hungarian indian irish italian japanese korean latin mexican nordic
    norwegian persian polish portuguese roman russian scottish spanish swedish swiss turkish welsh
    """
)
MONTHS = word_set("january february march april may june july august september october november december")
