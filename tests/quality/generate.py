"""Documents that nobody wrote: varied Markdown out of a seed, with all that a reader or a voice may stumble over.

The same seed gives the same document. Sentences make sense only grammatically; what matters is what stands
in them, and that no two documents have the same parts in the same order.
"""

from __future__ import annotations

import random
from collections.abc import Callable

SUBJECTS = (
    "The northern station", "A careful gardener", "Our newest release", "Dr. Okafor", "The city of São Paulo",
    "Each beekeeper", "The river", "A team of engineers", "Nobody", "The old library", "An early riser", "Mr. Lee",
)  # fmt: skip
VERBS = (
    "measures", "repairs", "describes", "has outgrown", "quietly replaced", "depends on", "counts", "protects",
    "will publish", "never forgets", "compared", "pays for",
)  # fmt: skip
OBJECTS = (
    "the water level", "most of its tools", "a map of the coast", "every third sensor", "the winter timetable",
    "what the neighbours planted", "the cost of storage", "its own history", "old maps and new ones", "the long bridge",
)  # fmt: skip
ENDINGS = (
    "before sunrise", "without any help", "as the law demands", "in spite of the rain", "for the first time",
    "because nobody else would", "and keeps the results", "while the others wait", "once a year", "at low tide",
)  # fmt: skip
TOPICS = ("Harbour", "Orchard", "Compiler", "Glacier", "Market", "Telescope", "Railway", "Archive", "Kitchen", "Forest")
EMOJI = ("🐝", "🚀", "✅", "🌱", "👩‍🚀", "🎉")
HOSTILE = (
    "The label reads {\\an8} and %{pts} in plain letters.", "Type `<script>alert(1)</script>` as it stands.",
    "A filter such as ',drawbox=t=fill,' is only text here.", "Between --> and <i>marks</i> nothing is lost.",
)  # fmt: skip
FOREIGN = (
    "The Greeks said γνῶθι σεαυτόν long ago.", "In Tokyo the sign says 東京駅 in large letters.",
    "The Hebrew word שלום means peace.", "Arabic writes النحل from right to left.",
)  # fmt: skip
CODE = ("def total(rows):\n    return sum(row.price for row in rows)", "cat notes.txt | sort | uniq -c > counts.txt")


class Writer:
    """Everything random comes from one generator, so a document is its seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def document(self) -> str:
        """A title, and three to five sections of two or three parts each."""
        topic = self._pick(TOPICS)
        head = "---\nlanguage: en\n---\n\n" if self.random.random() < 0.3 else ""
        sections = [self._section(number) for number in range(1, self.random.randint(3, 5) + 1)]
        return head + "\n\n".join([f"# The {topic} Report", self._paragraph(), *sections]) + "\n"

    def _section(self, number: int) -> str:
        parts: tuple[Callable[[], str], ...] = (
            self._paragraph, self._bullets, self._steps, self._table, self._chart, self._quote, self._code, self._links,
            self._endless, self._odd,
        )  # fmt: skip
        chosen = self.random.sample(parts, self.random.randint(1, 2))
        title = f"{self._pick(TOPICS)} {self._pick(('in detail', 'at a glance', 'since 1998', '& co.', '2.0'))}"
        return "\n\n".join(
            [f"## {number}. {title}" if number % 2 else f"## {title}", self._sentence(), *(p() for p in chosen)]
        )

    def _pick(self, choices: tuple[str, ...]) -> str:
        return self.random.choice(choices)

    def _sentence(self) -> str:
        plain = f"{self._pick(SUBJECTS)} {self._pick(VERBS)} {self._pick(OBJECTS)} {self._pick(ENDINGS)}"
        return plain + self._pick((".", ".", ".", "!", f" {self._fact()}.", f", {self._fact()}."))

    def _fact(self) -> str:
        """Something that has to be read with care."""
        number, year = self.random.randint(2, 9_999_999), self.random.randint(1820, 2030)
        return self._pick((
            f"about {number:,} times", f"(in {year})", f"up {number % 90 + 1}.{number % 9 + 1} % on {year}",
            f"by {number % 28 + 1} March {year}", f"at {number % 12 + 1}:{number % 50 + 10} p.m.",
            f"for ${number % 900 + 1}.50", f"over {number % 400 + 2} km", f"in the {year // 10 * 10}s",
            f"with version {number % 9 + 1}.{number % 20}.{number % 5}",
            "e.g. on Sundays", "i.e. not at all", f"at {number % 40 + 1} °C", f"**{number % 100} of 100** cases",
            f"in {number % 30 + 2}–{number % 30 + 40} min", f"on page {number % 300 + 1}, Fig. {number % 9 + 1}",
            f"at `node-{number % 64}`", f"by the {number % 30 + 1}th", f"{number % 5 + 1}/{number % 5 + 6} of it",
        ))  # fmt: skip

    def _paragraph(self) -> str:
        return " ".join(self._sentence() for _ in range(self.random.randint(2, 4)))

    def _bullets(self) -> str:
        marks = (
            f"**{self._pick(TOPICS)}**: {self._sentence()}" if n % 2 else self._sentence()
            for n in range(self.random.randint(2, 5))
        )
        return "\n".join(f"- {mark}" for mark in marks)

    def _steps(self) -> str:
        return "\n".join(
            f"{n}. {self._pick(('Open', 'Count', 'Clean', 'Sell'))} {self._pick(OBJECTS)}." for n in range(1, 5)
        )

    def _table(self) -> str:
        columns = self.random.randint(2, 5)
        rows = [[self._pick(TOPICS) for _ in range(columns)] for _ in range(self.random.randint(2, 5))]
        lines = [[f"Column {n}" for n in range(1, columns + 1)], ["---"] * columns, *rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def _chart(self) -> str:
        years = range(2019, 2019 + self.random.randint(3, 7))
        lines = [
            "| Year | Visitors (k) |",
            "|---|---:|",
            *(f"| {year} | {self.random.randint(10, 900)} |" for year in years),
        ]
        return "\n".join(lines)

    def _quote(self) -> str:
        return f"> {self._sentence()}\n>\n> — {self._pick(('Ada Lovelace', 'an old fisherman', 'Dr. M. Curie'))}"

    def _code(self) -> str:
        return f"{self._sentence()}\n\n```\n{self._pick(CODE)}\n```"

    def _links(self) -> str:
        pages = f"[the {self._pick(TOPICS).lower()} pages](https://example.org/a/b?c=1)"
        return f"See {pages} or https://example.org, and write to us."

    def _endless(self) -> str:
        """One sentence of about a hundred words."""
        clauses = (f"{self._pick(SUBJECTS).lower()} {self._pick(VERBS)} {self._pick(OBJECTS)}" for _ in range(14))
        return "It is said that " + ", and that ".join(clauses) + "."

    def _odd(self) -> str:
        return f"{self._pick(HOSTILE)} {self._pick(FOREIGN)} {self._pick(EMOJI)} {self._sentence()}"


def document(seed: int) -> str:
    """The document of a seed."""
    return Writer(seed).document()
