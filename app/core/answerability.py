"""Whether a passage can be the answer to a question at all: by the kind of thing that is asked for, and by its words.

A quote that stands in a recording is true, but need not have to do with what was asked: a small model quotes something for
whatever it is asked. What is asked for by "how many" is a number, by "when" a time: without one the quote is no answer. "Who"
and "how long" are mostly answered by a name and a time, but "the landlord" and "as long as it takes" are answers, too:
without one, words cannot tell. Where half of what the question is about was said by the quote, the rarer words weighing
more, it is one. Where it was said in other words, or not at all, words cannot tell. In French and English; of questions in
other languages, or in another than the recording's, nothing is held against the quote.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from enum import Enum

from app.core.questions import Passage

_NEAR = 1
"""What a question is about is often said a segment before what answers it."""
_LEAST_SHARE = 0.5
_STEM = 5
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<![.!?…:;•\n] )(?<!^)\b[^\W\d_a-zà-ÿ][\w'’-]+")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENGLISH = _listed(
    """
    the of and to in is it that was for on are as with be at this have from or had by but what all were when we there can an
    your which their if do will each about how up out them then she many some so these would other into has more her two him
    see could no make than been its who did does much whom whose why where said say says tell happens happen
    """
)
_FRENCH = _listed(
    """
    le la les l de d du des un une et est en que qu qui dans ce cet cette ces il ils elle elles on ne n pas plus au aux pour
    par sur se s son sa ses leur leurs a ont sont ete etre avoir fait faire avec quel quelle quels quelles quand combien
    pourquoi comment ou je tu nous vous y t va vont aura sera faut il dit dire deviennent devient quoi lequel laquelle
    """
)

_COMMON = (
    _ENGLISH
    | _FRENCH
    | _listed("recording transcript speaker meeting enregistrement transcription intervenant reunion")
)

# Whose language is told by its small words: these are words of other languages, too (of Spanish, Portuguese, Italian, German,
# Dutch and the Scandinavian ones), or of both.
_TELL_NO_LANGUAGE = _listed(
    """
    a all an as at be been comment d de des dit do du en had has her him i il in is je l la le me ne no of on ou par plus que
    s sa se so son sont t tu un was we will y
    """
)
_TELL = {
    "en": (_ENGLISH | _listed("any few give list my name next only please should you")) - _TELL_NO_LANGUAGE,
    "fr": (_FRENCH | _listed("alors aussi c ca cela donc donne j mais oui votre")) - _TELL_NO_LANGUAGE,
}
_LEAST_TOLD = 0.08
"""At least this share of the words tell; in the meetings of benchmarks/planted_questions.py 0.28 (English) and 0.30 do."""

_TIMES = {
    "en": _listed(
        """
        monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays saturdays sundays
        january february april june july august september october november december spring summer autumn winter
        today tomorrow yesterday tonight morning noon afternoon evening night week weeks month months year years day days hour
        hours minute minutes soon now later next last until before after since ago holidays christmas easter daily weekly
        monthly yearly always never every quarter decade decades century once when whenever while
        """
    ),
    "fr": _listed(
        """
        lundi mardi mercredi jeudi vendredi samedi dimanche janvier fevrier mars avril mai juin juillet aout septembre octobre
        novembre decembre printemps automne hiver aujourd demain hier matin midi soir nuit semaine semaines mois an ans annee
        annees jour jours heure heures minute minutes bientot maintenant prochain prochaine dernier derniere avant apres depuis
        jusqu vacances noel paques journee matinee soiree toujours jamais chaque quotidien quotidienne hebdomadaire mensuel
        mensuelle annuel annuelle trimestre decennie siecle quand lorsque lorsqu
        """
    ),
}
# What is a time here, and something else elsewhere: a month or what one may do, the summer or what has been.
_TIMES_BY_PLACE = {
    "en": re.compile(r"(?<![.!?…] )(?<!^)\b(?:May|March)\b|\b[Aa]s soon as\b"),
    "fr": re.compile(r"\b(?:l['’]|d['’]|en |cet |chaque )été\b|\b(?:dès|une fois) qu", re.IGNORECASE),
}
_NUMBERS = {
    "en": _listed(
        """
        zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen
        nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million millions
        billion billions half dozen dozens once twice thrice both all none nobody nothing several few couple free
        """
    ),
    "fr": _listed(
        """
        zero un une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante
        cinquante soixante cent cents centaine centaines mille millier milliers million millions milliard milliards moitie
        dizaine dizaines douzaine vingtaine trentaine aucun aucune rien plusieurs tous toutes gratuit gratuite gratuits gratuites
        """
    ),
}
_PERSONS = _listed("i i'm me my we our he she they nobody someone everybody je j moi nous il elle on personne quelqu")


class Fit(Enum):
    """Whether a quote answers a question. `UNSURE`: it has what is asked for, but other words than the question."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


class Sought(Enum):
    """What a question asks for, by its first words."""

    DURATION = re.compile(
        r"(?:for |since )?how (?:long|often|soon|much (?:time|longer))|(?:depuis |pendant |en )?combien de temps|(?:a |de )?quelle (?:frequence|duree)"
        r"|tous les combien"
    )
    MEASURE = re.compile(r"how (?:old|far|big|large)")
    NUMBER = re.compile(r"how (?:many|much)|combien")
    TIME = re.compile(
        r"(?:since |until |by |from )?when|(?:at )?what (?:time|day|date)|(?:depuis |jusqu ?a |pour |de )?quand"
    )
    PERSON = re.compile(r"(?:to |by |with |for )?(?:who|whom|whose)\b|(?:a |de |par |avec |pour )?qui\b")

    def is_in(self, text: str, language: str) -> bool:
        """Tell whether any of it stands in a text in a language, the speaker's name not counted."""
        words = set(_words(text))
        if self is Sought.PERSON:
            return bool(words & _PERSONS) or _NAME.search(text) is not None
        if any(word[0].isdigit() for word in words) or words & _NUMBERS[language]:
            return True
        timed = bool(words & _TIMES[language]) or _TIMES_BY_PLACE[language].search(text) is not None
        return timed and self in (Sought.TIME, Sought.DURATION)

    @property
    def is_always_told(self) -> bool:
        """Whether there is no answer without it."""
        return self in (Sought.TIME, Sought.NUMBER)


def sought(question: str) -> Sought | None:
    """Return what a question asks for, where its first words tell."""
    folded = " ".join(_words(question))
    return next((kind for kind in Sought if kind.value.match(folded)), None)


def fit(question: str, quoted: Sequence[int], passages: Sequence[Passage]) -> Fit:
    """Tell whether the passages at these indices answer a question; `passages` is all that was shown, in order."""
    language = language_of(question)
    if language is None or language != language_of(" ".join(each.text for each in passages)):
        return Fit.YES
    kind = sought(question)
    near = {index + step for index in quoted for step in range(-_NEAR, _NEAR + 1) if 0 <= index + step < len(passages)}
    if kind is not None and not any(kind.is_in(passages[index].text, language) for index in quoted):
        return Fit.NO if kind.is_always_told else Fit.UNSURE
    return Fit.YES if _shares_words(question, near, passages) else Fit.UNSURE


def _shares_words(question: str, near: set[int], passages: Sequence[Passage]) -> bool:
    """Tell whether enough of what the question is about stands there, the rarer words weighing more."""
    stems = [_stems(f"{each.text} {each.speaker or ''}") for each in passages]
    frequency = Counter(stem for of_one in stems for stem in of_one)
    weights = {stem: math.log(1 + (len(passages) + 1) / (1 + frequency[stem])) for stem in _stems(question)}
    said = set().union(*(stems[index] for index in near))
    return sum(weights[stem] for stem in weights.keys() & said) >= _LEAST_SHARE * sum(weights.values())


def _words(text: str) -> list[str]:
    """Return the words of a text without case and accents."""
    plain = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    return _WORD.findall(plain)


def _stems(text: str) -> set[str]:
    """Return what inflected forms of the words that say something have in common, roughly. Numbers are among them."""
    return {word.removesuffix("s")[:_STEM] for word in _words(text) if len(word) > 1 and word not in _COMMON}


def language_of(text: str) -> str | None:
    """Return the language, French or English, that small words say a text is in; None where they do not say it clearly."""
    words = _words(text)
    told = {language: sum(word in small for word in words) for language, small in _TELL.items()}
    most = max(told, key=lambda language: told[language])
    clear = told[most] > sum(told.values()) / 2 and told[most] >= _LEAST_TOLD * len(words)
    return most if clear else None
