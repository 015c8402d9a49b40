"""A highlighter for code in any language: comments, strings, numbers and the words most languages share."""

from __future__ import annotations

import re

Run = tuple[str, str]  # a class of the style sheet, or "", and the letters
_KEYWORDS = (
    "abstract|and|as|assert|async|await|begin|break|case|catch|class|const|continue|"
    "def|default|defer|del|do|elif|else|elsif|end|enum|except|export|extends|extern"
    "|false|finally|fn|for|from|func|function|global|go|if|impl|implements|import|"
    "in|include|instanceof|interface|is|lambda|let|local|loop|match|mod|module|mut|"
    "namespace|new|nil|none|not|null|of|or|package|pass|private|protected|pub|public"
    "|raise|return|select|self|static|struct|super|switch|then|this|throw|throws|"
    "trait|true|try|type|typedef|typeof|union|unless|until|use|using|var|void|when|"
    "where|while|with|yield"
)
_TOKEN = re.compile(
    r"(?P<comment>(?<![\w:])(?:#(?!\w*[{\[(])|//|--(?=\s)).*$|/\*.*?(?:\*/|$))"
    r"|(?P<literal>\"(?:\\.|[^\"\\])*\"?|'(?:\\.|[^'\\\n])*'|`[^`]*`?|\b\d[\w.]*\b)"
    rf"|(?P<keyword>(?<![\w.$-])(?:{_KEYWORDS})(?![\w-]))",
    re.IGNORECASE,
)


def highlighted(lines: list[str]) -> list[list[Run]]:
    """Every line as runs; together a line's runs are exactly the line."""
    return [_runs(line) for line in lines]


def _runs(line: str) -> list[Run]:
    runs: list[Run] = []
    last = 0
    for token in _TOKEN.finditer(line):
        if token.start() > last:
            runs.append(("", line[last : token.start()]))
        runs.append((token.lastgroup or "", token.group()))
        last = token.end()
    if last < len(line):
        runs.append(("", line[last:]))
    return runs
