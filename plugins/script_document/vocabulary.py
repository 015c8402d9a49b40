"""Reads the word lists that other modules keep: one text with spaces between."""

from __future__ import annotations


def word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


MONTHS = word_set("january february march april may june july august september october november december")
