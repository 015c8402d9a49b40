"""Cleans runs of text: marks that only make sense on paper leave, the words stay."""

from __future__ import annotations

import re

INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufe0e\ufe0f\u200d]")
FOOTNOTE = re.compile(r"\[\^[^\]\s]+\]|(?<=[\w.,;:!?)\"”])\[\d{1,3}\]")
FOOTNOTE_TEXT = re.compile(r"^\[\^[^\]\s]+\]:")
CHECKBOX = re.compile(r"^\[[ xX]\]\s+")
ISSUE = re.compile(
    r"\s*\((?:[^()]*\s)?#\d+[^()]*\)|\s*\[#\d+\]|\s*\((?:thanks|thank you|thx|by|via),? (?:to )?@[^()]*\)",
    re.IGNORECASE,
)
ISSUES_LAST = re.compile(r"(?:(?:^|(?<=\s))#\d{2,}[.,]?\s*)+$")  # what a changelog's entry refers to
# After these the number is part of what is said: `Fixes #42`, `merged in #7`.
POINTING = (
    r"(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?|see|refs?|references?|reverts?|reverted|merge[sd]?|address(?:es|ed)?"
    r"|implement(?:s|ed)?|supersedes?|replaces?|duplicates?|issues?|bugs?|tickets?|PRs?|MRs?|pull requests?|number"
    r"|in|by|of|to|for|from|with|since|until|after|before|and|or|as|is|was|than|like):?"
)
POINTS = re.compile(rf"\b{POINTING}$", re.IGNORECASE)
POINTED = re.compile(rf"\b({POINTING}\s+)\[(#\d+)\]", re.IGNORECASE)
EMOJI_CODE = re.compile(r"(?<!\w):[a-z][a-z0-9_+]{2,30}:(?!\w)")
DASH = re.compile(r"\s*(?:—|(?<=\s)--?(?=\s)|(?<=\s)–(?=\s))\s*")
TAIL = re.compile(
    r"(?<=[\w.!?…:)\"”’])\s+[\u2190-\u21ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\s]+$"
)  # a smile at the end
SPAN = re.compile(  # `12 – 17`
    r"(?<![\w.,–—-])(\d{1,3}) [–—] (?=\d{1,3}(?![\w.,-]*\d))|(?<![\w.,–—-])(\d{4}) [–—] (?=\d{4}\b)"
)
ANNOUNCING = re.compile(r",?\s+(?:such as|like|e\.g\.|for example|for instance):?$")
EMPTY_BRACKETS = re.compile(r"\(\s*[,;]?\s*\)")
SPACE_BEFORE = re.compile(r"\s+([,.;:!?](?:\s|$))")


def clean(text: str) -> str:
    """One line of normal prose: single spaces, dashes as ` — `, no footnote marks, nothing invisible."""
    text = INVISIBLE.sub("", text)
    text = FOOTNOTE.sub("", text)
    text = without_issues(text)
    text = EMOJI_CODE.sub("", text)
    text = DASH.sub(" — ", SPAN.sub(r"\1\2–", text))
    text = EMPTY_BRACKETS.sub("", text)
    return without_tail(SPACE_BEFORE.sub(r"\1", " ".join(text.split())))


def without_tail(text: str) -> str:
    """Without signs at its end, and without what announced them: `emoji such as 🚀`."""
    bare = TAIL.sub("", text)
    return ANNOUNCING.sub("", bare) if bare != text else text


def without_issues(text: str) -> str:
    """Without numbers of issues that nothing in the text points to; the sentence keeps its end."""
    text = ISSUE.sub("", POINTED.sub(r"\1\2", text))
    last = ISSUES_LAST.search(text)
    before = text[: last.start()].rstrip() if last else ""
    if not last or POINTS.search(before):
        return text
    return before + ("." if last[0].rstrip().endswith(".") and before[-1:].isalnum() else "")
