"""Where segments begin and end, corrected: one cut in two, or two made one. No word is lost, and none said twice."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.errors import Conflict, InvalidFields
from app.core.transcript import Word


@dataclass(frozen=True, slots=True)
class Stretch:
    """A segment: the machine's text with its words, and people's beside it (None: nobody corrected it)."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    corrected_text: str | None = None
    corrected_words: tuple[Word, ...] = ()

    @property
    def shown_text(self) -> str:
        return self.text if self.corrected_text is None else self.corrected_text

    @property
    def shown_words(self) -> tuple[Word, ...]:
        return self.words if self.corrected_text is None else self.corrected_words

    def word_at(self, seconds: float) -> int:
        """Return how many of the words that are shown are said before this moment: those whose middle is."""
        return _said_before(self.shown_words, seconds)

    def split(self, at: int, field: str) -> tuple["Stretch", "Stretch"]:
        """Cut it before the word `at` of those that are shown, counted from 0.

        Raises `Conflict` where the words have no times, `InvalidFields` (of `field`) where one of both would be empty.
        """
        shown = self.shown_words
        if not shown:
            raise Conflict(
                "The words of this segment have no times: it is not known where to cut it.",
                remedy="Send the recording with word_timestamps, or correct the text of the segment as it is.",
            )
        if not 0 < at < len(shown):
            raise InvalidFields(
                [{"field": field, "message": f"Both parts need a word; the segment has {len(shown)} of them."}]
            )
        before, behind = self._bounds(shown[:at], shown[at:])
        if self.corrected_text is None:
            parts = (self.words[:at], self.words[at:])
        else:
            # What nobody sees any more is parted by time.
            heard = _said_before(self.words, (before + behind) / 2)
            parts = (self.words[:heard], self.words[heard:])
        return (
            self._part(self.start, before, parts[0], shown[:at]),
            self._part(behind, self.end, parts[1], shown[at:]),
        )

    def joined(self, other: "Stretch", separator: str) -> "Stretch":
        """Make one of this and the next one; `separator` stands between texts whose words are not known."""
        words = self.words + other.words
        whole = Stretch(
            min(self.start, other.start),
            max(self.end, other.end),
            _text(words) if self.words and other.words else _both(self.text, other.text, separator),
            words,
        )
        if self.corrected_text is None and other.corrected_text is None:
            return whole
        return whole._corrected(
            _both(self.shown_text, other.shown_text, separator), self.shown_words + other.shown_words
        )

    def _bounds(self, left: Sequence[Word], right: Sequence[Word]) -> tuple[float, float]:
        """Return where the left part ends and the right one begins: in between stays the pause that there is."""
        before = min(max(self.start, *(word.end for word in left)), self.end)
        behind = max(min(self.end, *(word.start for word in right)), self.start)
        # A decoder's times may run backwards by some hundredths.
        return (before, behind) if before <= behind else ((before + behind) / 2,) * 2

    def _part(self, start: float, end: float, words: tuple[Word, ...], shown: tuple[Word, ...]) -> "Stretch":
        part = Stretch(start, end, _text(words), words)
        return part if self.corrected_text is None else part._corrected(_text(shown), shown)

    def _corrected(self, text: str, words: tuple[Word, ...]) -> "Stretch":
        if text == self.text:
            return self
        return Stretch(self.start, self.end, self.text, self.words, text, words)


def _said_before(words: Sequence[Word], seconds: float) -> int:
    count = 0
    while count < len(words) and (words[count].start + words[count].end) / 2 < seconds:
        count += 1
    return count


def _text(words: Sequence[Word]) -> str:
    return "".join(word.text for word in words).strip()


def _both(one: str, other: str, separator: str) -> str:
    return separator.join(text for text in (one, other) if text)
