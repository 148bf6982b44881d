"""The French of questions to recordings, and of the model server of the site."""

from collections.abc import Mapping

ASKING: Mapping[str, str] = {
    "Behind it what a model server of the site serves, as `remote/…`: that takes no memory of a worker.": (
        "À la suite, ce que sert un serveur de modèles du site, comme `remote/…` : cela ne prend pas de mémoire aux workers."
    ),
    "Questions": "Questions",
    "Questions to recordings, answered from what was said, with quotes and their times.": (
        "Des questions aux enregistrements, auxquelles il est répondu d’après ce qui a été dit, avec des citations et leurs "
        "temps."
    ),
    "Ask a question about a transcription. The answer is followed at `…/events`, or read at the question's address": (
        "Poser une question sur une transcription. La réponse se suit à `…/events`, ou se lit à l’adresse de la question"
    ),
    "The answer has quotes with their times, which stand in the transcript word for word; where there is none, it says that "
    "the recording does not say it. Whoever may read the transcription sees its questions. Where whoever asked may read it no "
    "more when its turn comes, it fails: `asker-not-permitted`.": (
        "La réponse a des citations avec leurs temps, qui se trouvent mot pour mot dans le texte ; s’il n’y en a pas, elle dit "
        "que l’enregistrement ne le dit pas. Qui peut lire la transcription voit ses questions. Si la personne ou la clé qui a "
        "posé la question ne peut plus la lire quand vient son tour, elle échoue : `asker-not-permitted`."
    ),
    "Ask a question over all transcriptions of a project": "Poser une question sur toutes les transcriptions d’un projet",
    "Those passages are read that have words of the question, as the search finds them. Nothing of another project is.": (
        "Sont lus les passages où se trouvent des mots de la question, comme la recherche les trouve. Rien d’un autre projet "
        "ne l’est."
    ),
    "List what was asked about a transcription, the newest first": (
        "Lister ce qui a été demandé sur une transcription, le plus récent d’abord"
    ),
    "List what was asked over a project, the newest first": (
        "Lister ce qui a été demandé sur un projet, le plus récent d’abord"
    ),
    "Give a question with its answer, or with what is written of it so far": (
        "Donner une question avec sa réponse, ou avec ce qui en est écrit jusqu’ici"
    ),
    "Delete a question with its answer, and stop the work on it. Whoever asked it may do so, too": (
        "Supprimer une question avec sa réponse, et arrêter le travail dessus. Qui l’a posée le peut aussi"
    ),
    "Send the answer while it is written, as server-sent events: pieces of its text, then the whole of it, checked": (
        "Envoyer la réponse pendant qu’elle s’écrit, en événements envoyés par le serveur : des morceaux de son texte, puis "
        "toute la réponse, vérifiée"
    ),
    "Messages until the end, as docs/asking.md tells them.": "Des messages jusqu’à la fin, comme les dit docs/asking.md.",
    "There are too many unfinished questions": "Il y a trop de questions sans réponse",
    "You have 3 questions that are not answered yet; more are not taken.": (
        "Trois de vos questions n’ont pas encore de réponse ; il n’en est pas pris davantage."
    ),
    "Wait for an answer, or delete one of the questions.": "Attendez une réponse, ou supprimez l’une des questions.",
    "A language model; the site's default where it is left out.": (
        "Un modèle de langue ; celui du site s’il est omis."
    ),
    "The answer's, as an ISO 639-1 code; the recording's where it is left out.": (
        "Celle de la réponse, en code ISO 639-1 ; celle de l’enregistrement si elle est omise."
    ),
    "What somebody wants to know.": "Ce que l’on veut savoir.",
    "Which page.": "Quelle page.",
    "The question.": "La question.",
    "The question's address.": "L’adresse de la question.",
    "The model that answered.": "Le modèle qui a répondu.",
    "The model that was asked for; `null`: the site's.": "Le modèle demandé ; `null` : celui du site.",
    "`null`: it was asked over the whole project.": "`null` : elle a été posée sur tout le projet.",
    "What is written of the answer so far, not checked yet.": (
        "Ce qui est écrit de la réponse jusqu’ici, pas encore vérifié."
    ),
    "What the answer took, step by step.": "Ce que la réponse a pris, étape par étape.",
    "Tokens read, known from before, and written.": "Jetons lus, déjà connus, et écrits.",
    "Where it was said. The quote stands in the segment, word for word.": (
        "Où cela a été dit. La citation se trouve dans le segment, mot pour mot."
    ),
    "Where the segment begins, in seconds.": "Où commence le segment, en secondes.",
    "Whether the answer is in what was said: no answer without a quote that stands there.": (
        "Si la réponse est dans ce qui a été dit : pas de réponse sans une citation qui s’y trouve."
    ),
    "Where `found` is false, a sentence that says so.": "Si `found` est faux, une phrase qui le dit.",
    "How many segments the model was shown.": "Combien de segments ont été montrés au modèle.",
    "How many there were to choose from.": "Parmi combien ils ont été choisis.",
}
