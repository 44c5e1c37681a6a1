"""Strength: about how many guesses a secret withstands, from its text alone.

An upper bound with an eye for what people type: what repeats, counts up or reads like a word is
worth little. Nothing can tell that a random-looking text was published somewhere.
"""

import math
import re
import string

_CLASSES = (
    string.digits,
    string.hexdigits[:16],
    string.hexdigits[:10] + "ABCDEF",
    string.ascii_lowercase,
    string.ascii_uppercase,
    string.ascii_letters,
    string.ascii_lowercase + string.digits,
    string.ascii_letters + string.digits,
    string.ascii_letters + string.digits + "-_",
    string.ascii_lowercase + " -_",
)
"""Alphabets that a secret may be made of; else it is any printable text."""
_PRINTABLE = 95
_LETTERS = re.compile(r"[A-Z]?[a-z]{3,}|[A-Z]{4,}")
_VOWELS = set("aeiouyAEIOUY")
_CONSONANTS = re.compile(r"[^aeiouy]{4}", re.IGNORECASE)
_BITS_OF_A_LETTER = 2.0
"""Of one in a word. Shannon, "Prediction and Entropy of Printed English", measured 0.6 to 1.3 in
text; single words are a little harder to foresee."""
_SHORTEST_REPEAT = 3


def bits(secret: str) -> float:
    """An estimate of a secret's entropy."""
    alphabet = min((c for c in _CLASSES if set(secret) <= set(c)), key=len, default=None)
    each = math.log2(len(alphabet) if alphabet else max(_PRINTABLE, len(set(secret))))
    in_words = _in_words(secret) if alphabet not in _CLASSES[:3] else set()
    total, at = 0.0, 0
    while at < len(secret):
        repeated = _repeats(secret, at)
        if repeated >= _SHORTEST_REPEAT:
            total += math.log2(at + 1) + math.log2(repeated)
            at += repeated
            continue
        total += _bits_at(secret, at, each, in_words)
        at += 1
    return total


def _bits_at(secret: str, at: int, each: float, in_words: set[int]) -> float:
    if _counts_on(secret, at):
        return 1.0
    return min(each, _BITS_OF_A_LETTER) if at in in_words else each


def _in_words(secret: str) -> set[int]:
    found = _LETTERS.finditer(secret)
    return {at for run in found if _reads_like_a_word(run[0]) for at in range(*run.span())}


def _reads_like_a_word(letters: str) -> bool:
    vowels = sum(letter in _VOWELS for letter in letters)
    return 0.2 <= vowels / len(letters) <= 0.75 and not _CONSONANTS.search(letters)


def _counts_on(secret: str, at: int) -> bool:
    """Whether `abc`, `321` or `aaa` goes on here."""
    if at < 2:
        return False
    first, second, third = map(ord, secret[at - 2 : at + 1])
    return third - second == second - first and abs(third - second) <= 1


def _repeats(secret: str, at: int) -> int:
    """How many characters from here on were there before."""
    longest = 0
    while (
        at + longest < len(secret)
        and secret.find(secret[at : at + longest + 1], 0, at + longest) >= 0
    ):
        longest += 1
    return longest
