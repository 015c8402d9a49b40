"""Which runs of a sentence's words stand alone on a slide, and which are torn off."""

from __future__ import annotations

from aurad_plugins.script_document.abbreviations import EXPLAINING, announces
from aurad_plugins.script_document.clauses import Words
from aurad_plugins.script_document.grammar import FINITE, NOUNS
from aurad_plugins.script_document.vocabulary import word_set

PRONOUNS = word_set("it they he she we you i this that these those there one")
SPEAKERS = word_set("you we")  # `Need Python` is no title, `You need Python` is
BE = word_set("is are was were am be been being 's 're")
AUXILIARIES = BE | word_set("has have had do does did can could will would shall should may might must")
ASKS = word_set("that how to when where why what who which if whether")  # after a verb: its object follows
CONDITIONS = word_set("if unless until than except without when while before after")
TIMES = word_set("when while before after")
OPENS_PAIR = word_set("between")  # what stands before holds only with what follows
FEWEST_COMMAS = 2  # of an enumeration
LOOSE_ENDS = word_set("not very more most which only both")
PAIRS = {"either": "or", "both": "and", "neither": "nor", "between": "and"}
VAGUE = word_set(
    """
    something anything nothing everything someone everyone anyone nobody thing things one ones way fact all those
    people idea person
    """
)
EMPTY_START = word_set("thanks due given following according including despite during based")
BAD_STARTS = word_set("of than not and or but do does did")
RELATIVE = word_set("that which who whose where")
POSSESSIVES = word_set("its their his her which")
QUANTITIES = word_set("many some most few several others each both all none one two three")  # of what?
BAD_ENDS = frozenset(("DT", "IN", "TO", "CC", "MD", "PRP$", "WDT", "WP", "WP$", "WRB", "PDT", "EX", "POS", "PRP"))


def fits(words: Words, kept: list[int], most: int, *, loose: bool = False) -> bool:
    """Whether the words stand alone: neither their end nor their beginning waits for others.

    `loose` lets them begin with a pronoun, whose noun was heard before.
    """
    if not 1 < len(kept) <= most and not (len(kept) == 1 and len(words.raw) == 1):
        return False
    kept_words = {words.lower[index] for index in kept}
    if any(first in kept_words and second not in kept_words for first, second in PAIRS.items()):
        return False
    if any(word in ("which", "whose") for word in kept_words):
        return False
    return ends_well(words, kept) and begins_well(words, kept, len(words.raw) if loose else most)


def ends_well(words: Words, kept: list[int]) -> bool:
    last = kept[-1]
    tag, lower = words.tags[last], words.lower[last]
    following = words.lower[last + 1] if last + 1 < len(words.raw) else ""
    goes_on = bool(following) and not words.trails[last]
    if announces(words.raw[last], following):
        return False
    if tag in BAD_ENDS or lower in AUXILIARIES | LOOSE_ENDS:
        return False
    if tag.startswith("JJ") and words.tags[last - 1] in ("DT", "PRP$") and last:  # `the fourth`: of what?
        return False
    if goes_on and (lower in VAGUE or following == "who" or lower.endswith(("'s", "’s", "s'", "s’"))):
        return False
    if goes_on and following in RELATIVE and says_nothing(words, kept):
        return False
    if goes_on and tag == "CD" and following in ("to", "or", "and", "through") and is_amount(words, last + 2):
        return False
    if following in OPENS_PAIR or (following == "to" and any(words.lower[index] == "from" for index in kept)):
        return False
    if following in TIMES and "," in words.trails[last]:  # `until 1877, when ...` says more, but nothing else
        return True
    if following in ("and", "or") and is_torn_list(words, kept):
        return False
    tells = (tag == "RP" and following == "that") or (tag.startswith("VB") and following in ASKS)  # `points out that`
    return not (following in CONDITIONS or tells)


def says_nothing(words: Words, kept: list[int]) -> bool:
    """Whether it only says `a town is a town` of `a town is a town that argues`."""
    *subject, be, article, kind = [words.lower[index] for index in ([kept[0]] * 3 + kept)]
    return article in ("a", "an") and be in BE and kind in subject


def is_torn_list(words: Words, kept: list[int]) -> bool:
    """Whether the last member is missing: `seeds, fruits, nuts` of `seeds, fruits, nuts, or leaves`."""
    if "," not in words.trails[kept[-1]] or sum("," in words.trails[index] for index in kept) < FEWEST_COMMAS:
        return False
    return "".join(words.tags[kept[-1] + 2 : kept[-1] + 3]).startswith(("NN", "JJ", "VBG"))


def begins_well(words: Words, kept: list[int], most: int) -> bool:
    first = kept[0]
    tag, lower = words.tags[first], words.lower[first]
    if lower == "who" and first:  # of somebody told before
        return False
    if lower in EMPTY_START and len(words.raw) > len(kept):
        return False
    if lower in QUANTITIES and len(kept) > 1 and words.tags[kept[1]] in FINITE:
        return False
    if tag in ("POS", "WDT", "TO") or lower in BAD_STARTS | EXPLAINING or lacks_subject(words, kept):
        return False
    return lower not in PRONOUNS | POSSESSIVES or lower in SPEAKERS or len(words.raw) <= most


def is_amount(words: Words, index: int) -> bool:
    return index < len(words.tags) and words.tags[index] == "CD"


def lacks_subject(words: Words, kept: list[int]) -> bool:
    """Whether it begins with the verb of a subject that stands elsewhere: `lasts 24 hours`, `called the force`."""
    first = next((index for index in kept if words.tags[index] != "RB"), kept[0])
    if not first:
        return False
    tag, lower = words.tags[first], words.lower[first]
    is_command = tag == "VB" and words.tags[first - 1] not in NOUNS
    return (
        tag.startswith(("VBZ", "VBD", "VBP", "VBN", "VB")) or tag == "MD" or lower in AUXILIARIES
    ) and not is_command
