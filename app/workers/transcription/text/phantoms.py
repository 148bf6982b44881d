"""Lines that Whisper writes where nobody speaks: the credits and farewells of the subtitled films it was trained on.

Seen in transcripts of silence, noise and music, and compared as whole sentences, without case, accents and punctuation.
"""

import re
import unicodedata
from collections.abc import Iterable


def bare(text: str) -> str:
    """Return `text` in lower case, without accents and punctuation, its words parted by single spaces."""
    folded = _unaccented(text.casefold().translate(_LIGATURES))
    return " ".join("".join(" " if unicodedata.category(sign)[0] in "PSZC" else sign for sign in folded).split())


def nobody_says(text: str) -> bool:
    """Tell whether the sentence is a credit of a subtitled film, which is said in no meeting, call or lecture."""
    return _CREDITS.fullmatch(bare(text)) is not None


def often_made_up(text: str) -> bool:
    """Tell whether the sentence is one that people do say, and that Whisper also writes where nobody speaks."""
    said = bare(text)
    return not said or said in _COURTESIES or _FAREWELLS.fullmatch(said) is not None


def _unaccented(text: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{_unaccented(pattern)})" for pattern in patterns))


_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss"})

# Patterns are written bare: lower case, no punctuation; accents make no difference. They end after a few words, for
# people do talk about subtitles, in longer sentences.
_CREDITS = _any_of(
    (
        # Any language: sites that credit themselves
        r"(\w+ ){1,6}(communaut|communit|comuni|społeczn|gemeinschaft)\w* (d |de |di |von )?amara org",
        r"(\w+ ){1,5}amara org (communit|gemeenschap|gemeinschaft|közösség)\w*",
        r"(\w+ ){0,6}www opensubtitles org( \w+)?",
        r"(transcript|subtitl|caption|sous titr|untertitel)\w* (\w+ )?(by|par|von) (castingwords|otter ai|soustitreur com|steamteamextra)",
        # French
        r"sous titr(es|age) (st|fr|tvm|mfp|nrj|tf1)( \w+)?",
        r"sous titr(es|age) \d+",
        r"sous titr(es|age) (de la |de |par )?(societe )?radio canada",
        r"sous titr(es|age) (realises?|faits?|crees?|effectues?|traduits?) para?( \w+){1,4}",
        r"sous titr(es|age) par jeremy diaz",
        r"(traduction|adaptation|relecture)( et)? sous titr(es|age)( \w+){0,4}",
        # English
        r"(subtitles|captions|captioning|subtitling) (by|provided by) the \w+ community",
        r"(subtitled|captioned) by( the)?( \w+){1,4}",
        # German
        r"untertitel(ung)?( (im auftrag )?(des|der|von|vom))? (zdf|ard|ndr|wdr|swr|br|orf|funk)( fur funk)?( \d{4})?",
        r"untertitel von stephanie geiges",
        r"copyright (zdf|ard|ndr|wdr|swr|br|orf) \d{4}",
        # Spanish, Portuguese, Italian
        r"subtitulos (realizados|hechos|creados) por( \w+){1,5}",
        r"subtitulado por( \w+){1,4}",
        r"legendas? (pela comunidade|por|adaptação)( \w+){1,4}",
        r"sottotitoli( e revisione)? (creati dalla|a cura di)( \w+){1,4}",
        # Dutch, Nordic
        r"(ondertiteld|ondertiteling|ondertitels ingediend) door( \w+){1,4}",
        r"(danske tekster|undertekster|teksting|undertexter|svensktextning)( av| fra| från| ved| til)?( \w+){1,4}",
        # Polish, Czech, Hungarian, Turkish
        r"napisy (stworzone|wykonane) przez( \w+){1,5}",
        r"titulky vytvořil( \w+){1,3}",
        r"alt ?yazı m k",
        # Russian, Greek, Arabic
        r"(редактор|корректор) субтитров( \w+){1,5}",
        r"субтитры (сделал|делал|создавал|создал|подогнал|добавил)\w*( \w+){1,3}",
        r"υπότιτλοι authorwave",
        r"ترجمة نانسي قنقر",
        # Chinese, Japanese, Korean
        r"(中文)?字幕( ?by ?|志[愿願]者 ?|[組组] |[製制]作 )( ?\w+){1,3}",
        r"[請请]不吝[點点][贊赞] ?[訂订][閱阅] ?[轉转][發发] ?打[賞赏].*",
        r"優優獨播劇場.*",
        r"한글자막 (by )?( ?\w+){1,3}",
    )
)

# What a film's voice says at its end, and people at the end of a talk.
_FAREWELLS = _any_of(
    (
        # French
        r"merci( \w+){0,2} (d avoir|pour avoir) (regardé|suivi|visionné|écouté)( \w+){0,4}",
        r"merci (a tous )?(de|pour) votre (attention|écoute|fidélité)",
        r"(n oubliez pas de )?(vous )?(abonnez|abonner)( vous)?( \w+){0,8}",
        r"(à|on se retrouve) (bientôt|très bientôt|la prochaine)( \w+){0,4}",
        # English
        r"(thank you|thanks)( \w+){0,3} for (watching|listening|joining|viewing|your attention)( \w+){0,4}",
        r"((please|don t forget to) )?(like and )?subscribe( \w+){0,5}",
        r"(i ll |we ll )?see you( \w+){0,2} (next|in the next)( \w+){1,2}",
        r"we ll be right back",
        # German, Spanish, Portuguese, Italian, Dutch
        r"(vielen dank|danke)( \w+){0,2} für( \w+){0,2} (zuschauen|zuhören|zusehen|aufmerksamkeit)",
        r"(muchas )?gracias por( \w+){1,4}",
        r"(muito )?obrigad[oa] por( \w+){1,4}",
        r"grazie (per|a tutti)( \w+){1,4}",
        r"suscríbete( \w+){0,4}|(se )?inscreva( se)?( \w+){0,4}|iscrivetevi( \w+){0,4}",
        r"(dank u wel|bedankt) voor het (kijken|luisteren)",
        # Polish, Turkish, Russian, Ukrainian
        r"dziękuję za (uwagę|oglądanie|obejrzenie)",
        r"izlediğiniz için teşekkür(ler| ederim| ederiz)|abone olmayı unutmayın",
        r"(спасибо за (просмотр|внимание)|подписывайтесь( \w+){0,4}|продолжение следует|дякую за (перегляд|увагу))",
        # Chinese, Japanese, Korean
        r"([谢謝][谢謝]|感[谢謝])(大家|您|你)?的?([观觀]看|收[看听聽])",
        r"ご(視聴|清聴)ありがとうございました|チャンネル登録.*|おやすみなさい",
        r"(시청해|봐) ?주셔서 감사합니다|구독과 좋아요.*",
    )
)

_COURTESIES = frozenset(
    bare(line)
    for line in (
        *("Merci.", "Merci beaucoup.", "Merci à tous.", "Au revoir.", "À bientôt.", "Bonne journée.", "Salut.", "Fin."),
        *("Bonjour.", "Bonsoir.", "Oui.", "Non.", "Ah.", "Oh.", "Hum.", "Hein ?", "Et...", "Musique", "Silence."),
        *("Thank you.", "Thank you very much.", "Thank you so much.", "Thanks.", "Bye.", "Bye-bye.", "Goodbye."),
        *("You", "The", "I", "So", "Okay.", "OK.", "Yeah.", "Yes.", "No.", "Uh", "Um", "Hmm.", "Mm.", "Huh?", "Hello."),
        *("I'm sorry.", "I'm going to go.", "The end.", "Music", "Applause", "Laughter", "Good night.", "Hey.", "Wow."),
        *(
            "Vielen Dank.",
            "Danke.",
            "Danke schön.",
            "Tschüss.",
            "Musik",
            "Ja.",
            "Gracias.",
            "Muchas gracias.",
            "Adiós.",
        ),
        *("Música", "Obrigado.", "Obrigada.", "Tchau.", "Grazie.", "Grazie a tutti.", "Ciao.", "Musica", "Bedankt."),
        *("Tak.", "Tack.", "Takk.", "Dziękuję.", "Děkuji.", "Köszönöm.", "Mulțumesc.", "Teşekkürler.", "Ευχαριστώ."),
        *("Спасибо.", "Пока.", "Музыка", "Конец", "Дякую.", "شكرا", "شكرا لكم", "תודה רבה", "धन्यवाद", "谢谢", "謝謝"),
        *("谢谢大家", "謝謝大家", "ありがとうございました", "ありがとう", "감사합니다", "네"),
    )
)
