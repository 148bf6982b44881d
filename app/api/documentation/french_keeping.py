"""The French of what is said of a project's own ways, and of keeping: vocabulary, retention, legal holds, exports, earlier enrichments, bounds of segments."""

from collections.abc import Mapping

_ROUTES = {
    "Say what a project's recordings are expected to speak of": (
        "Dire de quoi l’on s’attend à ce que parlent les enregistrements d’un projet"
    ),
    "Set what a project's recordings are expected to speak of": (
        "Fixer de quoi l’on s’attend à ce que parlent les enregistrements d’un projet"
    ),
    "It goes for recordings that are sent from then on, where their own options of these names are left out.": (
        "Cela vaut pour les enregistrements envoyés dès lors, s’ils ne portent pas leurs propres options de ces noms."
    ),
    "Both, each a text, or null for none.": "Les deux, chacun un texte, ou null pour aucun.",
    "What recordings are expected to speak of, where they are sent without such options; `null`: nothing.": (
        "De quoi les enregistrements devraient parler, s’ils sont envoyés sans ces options ; `null` : rien."
    ),
    "Say how long a project keeps its recordings and their texts": (
        "Dire combien de temps un projet garde ses enregistrements et leurs textes"
    ),
    "Set how long a project keeps its recordings and their texts": (
        "Fixer combien de temps un projet garde ses enregistrements et leurs textes"
    ),
    "What is older goes with the next sweep, within an hour: a preview says what that is.": (
        "Ce qui est plus vieux part au prochain passage, dans l’heure : un aperçu dit ce que c’est."
    ),
    "Say what the next sweep would remove if it came now": (
        "Dire ce que le prochain passage supprimerait s’il avait lieu maintenant"
    ),
    "With the times that the project has, or with those that the query proposes. Nothing is changed.": (
        "Avec les durées qu’a le projet, ou avec celles que la requête propose. Rien n’est changé."
    ),
    "Say whether a transcription is under a legal hold, who placed it and why": (
        "Dire si une transcription est sous conservation légale, qui l’a ordonnée et pourquoi"
    ),
    "Place a legal hold on a transcription: from the answer on, nothing of it is removed or overwritten": (
        "Placer une transcription sous conservation légale : dès la réponse, rien n’en est supprimé ni écrasé"
    ),
    "Where there is one already, the new reason takes its place.": "S’il y en a déjà une, le nouveau motif la remplace.",
    "Lift the legal hold of a transcription": "Lever la conservation légale d’une transcription",
    "One that an administrator of the site placed, only an administrator lifts.": (
        "Celle qu’un administrateur du site a placée, seul un administrateur la lève."
    ),
    "Say whether a project is under a legal hold, who placed it and why": (
        "Dire si un projet est sous conservation légale, qui l’a ordonnée et pourquoi"
    ),
    "Place a legal hold on all of a project, what is yet to come included": (
        "Placer tout un projet sous conservation légale, y compris ce qui est à venir"
    ),
    "Lift the legal hold of a project": "Lever la conservation légale d’un projet",
    "Transcriptions that are held by themselves stay so. One that an administrator of the site placed, only an "
    "administrator lifts.": (
        "Les transcriptions conservées pour elles-mêmes le restent. Celle qu’un administrateur du site a placée, seul un "
        "administrateur la lève."
    ),
    "Remove an empty project that nothing holds": "Supprimer un projet vide que rien n’oblige à conserver",
    "410 where that needs the recording, and it is kept no more. A recording that failed was not counted: 403 where "
    "others have used up the project's hours since.": (
        "410 si cela demande l’enregistrement, et qu’il n’est plus gardé. Un enregistrement en échec ne comptait pas : "
        "403 si d’autres ont épuisé depuis les heures du projet."
    ),
    "Give all of a project as a ZIP archive: recordings, texts, corrections, enrichments, settings, members": (
        "Donner tout un projet en archive ZIP : enregistrements, textes, corrections, enrichissements, réglages, membres"
    ),
    "A key that was narrowed needs `transcriptions:read`, too. The archive is written while it is read, and has no "
    "length. `manifest.json`, the last file, has the SHA-256 of each and says what is missing. An archive that breaks "
    "off is begun anew.": (
        "Une clé restreinte doit avoir aussi `transcriptions:read`. L’archive est écrite pendant qu’elle est lue, et n’a "
        "pas de longueur. `manifest.json`, le dernier fichier, a le SHA-256 de chacun et dit ce qui manque. Une archive interrompue est recommencée."
    ),
    "Give every finished enrichment of a transcription, the newest first, with what it was asked for with": (
        "Donner tous les enrichissements finis d’une transcription, les plus récents d’abord, avec ce qui fut demandé"
    ),
    "Have the enrichment made anew, from the text as people corrected it; also where none was asked for before": (
        "Faire refaire l’enrichissement, d’après le texte tel que corrigé ; même s’il n’y en avait pas été demandé"
    ),
    "409 while the transcription is worked on, or where there is no finished text.": (
        "409 tant que l’on travaille à la transcription, ou s’il n’y a pas de texte fini."
    ),
    "It is queued.": "Il est en file.",
    "Have the enrichment made anew": "Faire refaire l’enrichissement",
    "Cut a segment in two; the answer is the first part, and the second one stands at the next position": (
        "Couper un segment en deux ; la réponse est la première partie, et la seconde est à la position suivante"
    ),
    "Each word stays with the part in which it is said, each part with the speaker. The segments behind move up by one.": (
        "Chaque mot reste avec la partie où il est dit, chaque partie avec le locuteur. Les segments suivants avancent d’un."
    ),
    "Make one of a segment and the next one, which must be the same speaker's; the answer is the whole": (
        "Réunir un segment et le suivant, qui doit être du même locuteur ; la réponse est le tout"
    ),
    "The segments behind move down by one.": "Les segments suivants reculent d’un.",
}

_FIELDS = {
    "How long a project keeps its recordings, and with their texts the whole transcriptions.": (
        "Combien de temps un projet garde ses enregistrements, et avec leurs textes les transcriptions entières."
    ),
    "The longest times that the operator allows.": "Les plus longues durées que permet l’exploitant.",
    "What counts: the shorter one of both.": "Ce qui compte : la plus courte des deux.",
    "`null`: as long as the text.": "`null` : aussi longtemps que le texte.",
    "`null`: for ever.": "`null` : pour toujours.",
    "Both times, each in days after the end of the work, or null. The text may not go before the audio.": (
        "Les deux durées, chacune en jours après la fin du travail, ou null. Le texte ne peut pas partir avant le son."
    ),
    "The recordings, of which the text stays; `null`: as long as the text.": (
        "Les enregistrements, dont le texte reste ; `null` : aussi longtemps que le texte."
    ),
    "All of a transcription; `null`: for ever.": "Toute une transcription ; `null` : pour toujours.",
    "In place of the project's. With one of the two, the other one counts as none.": (
        "À la place de celle du projet. Avec l’une des deux, l’autre compte comme absente."
    ),
    "In place of the project's.": "À la place de celle du projet.",
    "What the next sweep would remove if it came now.": (
        "Ce que le prochain passage supprimerait s’il avait lieu maintenant."
    ),
    "Those whose audio alone would go.": "Celles dont seul le son partirait.",
    "Those that would go whole.": "Celles qui partiraient entières.",
    "Of their recordings.": "De leurs enregistrements.",
    "How many only a legal hold keeps.": "Combien ne restent que par conservation légale.",
    "Questions over the whole project; those to a transcription go with it.": "Questions sur tout le projet ; celles à une"
    " transcription partent avec elle.",
    "The oldest 100 of them.": "Les 100 plus vieilles.",
    "From when its days are counted.": "D’où ses jours sont comptés.",
    "When the recording was removed and the text kept; `null`: it was not.": (
        "Quand l’enregistrement a été supprimé et le texte gardé ; `null` : il ne l’a pas été."
    ),
    "Whether it is under a legal hold of its own; its project may be under one, too.": (
        "Si elle est elle-même sous conservation légale ; son projet peut l’être aussi."
    ),
    "Whether it is under a legal hold of its own, and all holds that there were, the newest first.": (
        "S’il y a conservation légale en propre, et toutes celles qu’il y eut, les plus récentes d’abord."
    ),
    "Placed by an administrator of the site, who alone lifts it.": (
        "Placée par un administrateur du site, qui seul la lève."
    ),
    "One line: what a later reader has to know.": "Une ligne : ce qu’un lecteur doit savoir plus tard.",
    "With the recordings; without them it is the texts alone.": (
        "Avec les enregistrements ; sans eux, ce sont les textes seuls."
    ),
    "Answers that were finished, and what they were asked for with.": "Des réponses finies, et ce qui fut demandé.",
    "Counted from 1; the largest one is shown in the transcription.": (
        "Compté à partir de 1 ; le plus grand est celui que montre la transcription."
    ),
    "Who asked for it anew; `null` where nobody did.": "Qui l’a redemandé ; `null` si personne.",
    "What is left out is as it was the last time.": "Ce qui est omis est comme la dernière fois.",
    "As the first Vocalyx had it. What is left out is as it was the last time.": (
        "Comme dans le premier Vocalyx. Ce qui est omis est comme la dernière fois."
    ),
    "An installed language model.": "Un modèle de langage installé.",
    "`false`: the text is not corrected here.": "`false` : le texte n’est pas corrigé ici.",
    "A change of a segment's text.\n\n`carried`: the text was put together anew, and a corrected one was parted or joined "
    "with another. `split` and `merged`: people did that.": (
        "Un changement du texte d’un segment.\n\n`carried` : le texte a été assemblé de nouveau, et un texte corrigé a été "
        "partagé ou joint à un autre. `split` et `merged` : on a coupé ou réuni."
    ),
    "The first word of the second part, by its place in `words`, counted from 0.": (
        "Le premier mot de la seconde partie, par sa place dans `words`, comptée à partir de 0."
    ),
    "The moment of the cut, in seconds from the start of the recording.": (
        "Le moment de la coupe, en secondes depuis le début de l’enregistrement."
    ),
    "Exactly one of the two.": "Exactement l’un des deux.",
}

_PROBLEMS = {
    "A legal hold forbids this": "Une conservation légale l’interdit",
    "This is under a legal hold: nothing of it may be removed or overwritten.": (
        "Ceci est sous conservation légale : rien n’en peut être supprimé ni écrasé."
    ),
    "Read who placed the hold, and why, at …/legal-hold; an owner or an administrator of the site can lift it.": (
        "Lisez qui l’a ordonnée, et pourquoi, à …/legal-hold ; un propriétaire ou un administrateur du site peut la lever."
    ),
    "The recording has been removed": "L’enregistrement a été supprimé",
    "The recording was removed when its project had kept it for as long as it keeps recordings.": (
        "L’enregistrement a été supprimé quand son projet l’avait gardé aussi longtemps qu’il les garde."
    ),
    "The transcript is still here; send the recording again where its sound is needed.": (
        "Le texte est encore ici ; renvoyez l’enregistrement si vous avez besoin du son."
    ),
}

KEEPING: Mapping[str, str] = _ROUTES | _FIELDS | _PROBLEMS
