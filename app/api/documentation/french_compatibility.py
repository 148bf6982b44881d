"""The French of what the pages say to programs that were written for OpenAI, or for the first Vocalyx."""

from collections.abc import Mapping

_CHAPTERS = {
    "OpenAI audio API": "API audio d’OpenAI",
    "First Vocalyx": "Premier Vocalyx",
    "For programs that were written for OpenAI's speech to text: they change their base URL and their key.": (
        "Pour les programmes écrits pour la reconnaissance d’OpenAI : ils changent d’adresse et de clé."
    ),
    "For programs of the first Vocalyx. docs/compatibility.md says where we differ, and why.": (
        "Pour les programmes du premier Vocalyx. docs/compatibility.md dit où nous différons, et pourquoi."
    ),
}

_ROUTES = {
    "List the names that `model` may have, the installed models first": (
        "Lister les noms que `model` peut avoir, les modèles installés d’abord"
    ),
    "Describe one name that `model` may have": "Décrire un nom que `model` peut avoir",
    "Write down what is said in a recording, and answer with the text": (
        "Écrire ce qui est dit dans un enregistrement, et répondre par le texte"
    ),
    "The answer comes when the text is finished, or 504 when that takes too long for a request; the transcription then "
    "goes on, and stays. Long recordings are sent with `stream`.": (
        "La réponse vient quand le texte est fini, ou 504 si c’est trop long pour une requête ; la transcription continue "
        "alors, et reste. Les longs enregistrements s’envoient avec `stream`."
    ),
    "Write down in English what is said in a recording, and answer with the text": (
        "Écrire en anglais ce qui est dit dans un enregistrement, et répondre par le texte"
    ),
    "English-only models refuse it.": "Les modèles pour l’anglais seul le refusent.",
    "The text, as `response_format` asks for it, or a stream of events.": (
        "Le texte, comme `response_format` le demande, ou un flux d’événements."
    ),
    "The text, as `response_format` asks for it.": "Le texte, comme `response_format` le demande.",
    "Refused, in OpenAI's shape.": "Refusé, dans la forme d’OpenAI.",
    "A form of the first Vocalyx is answered in its shape.": (
        "À un formulaire du premier Vocalyx, il est répondu dans sa forme."
    ),
    "Say who is logged in, and in which projects": "Dire qui est identifié, et dans quels projets",
    "List the projects of whoever is logged in": "Lister les projets de qui est identifié",
    "Their keys are known to nobody any more.": "Leurs clés ne sont plus connues de personne.",
    "List transcriptions, the newest first, without their texts": (
        "Lister les transcriptions, les plus récentes d’abord, sans leurs textes"
    ),
    "Count transcriptions by status": "Compter les transcriptions par état",
    "Give one transcription with its text, as soon as that is finished": (
        "Donner une transcription, avec son texte dès qu’il est fini"
    ),
    "Say how far a task is: the task of a transcription has its id": (
        "Dire où en est une tâche : celle d’une transcription a son identifiant"
    ),
    "Cancel the transcription of this id": "Annuler la transcription de cet identifiant",
    "List all users of the site by name, each with their projects": (
        "Lister tous les utilisateurs du site par nom, chacun avec ses projets"
    ),
    "Make a user an editor of a project; who is a member already keeps the role": (
        "Faire d’un utilisateur un éditeur d’un projet ; qui en est déjà membre garde son rôle"
    ),
    "Let a user be a member of a project no more; what they sent stays": (
        "Retirer un utilisateur d’un projet ; ce qu’il a envoyé reste"
    ),
}

_PROBLEMS = {
    "The recording could not be transcribed": "L’enregistrement n’a pas pu être transcrit",
    "The work on the recording came to nothing.": "Le travail sur l’enregistrement est resté sans fruit.",
    "Send it again; if it happens again, give the request id to your administrator.": (
        "Renvoyez-le ; si cela se reproduit, donnez l’identifiant de la requête à votre administrateur."
    ),
    "The recording takes longer than this request waits": "L’enregistrement demande plus de temps que la requête n’attend",
    "The recording is not finished. Its transcription goes on, and stays.": (
        "L’enregistrement n’est pas fini. Sa transcription continue, et reste."
    ),
    "Read it later at /api/transcriptions/{id}, or send long recordings with stream=true.": (
        "Lisez-la plus tard à /api/transcriptions/{id}, ou envoyez les longs enregistrements avec stream=true."
    ),
    "The speakers could not be told apart": "Les locuteurs n’ont pas pu être distingués",
    "The text is finished, but its speakers are not known. The transcription is kept.": (
        "Le texte est fini, mais ses locuteurs ne sont pas connus. La transcription est gardée."
    ),
    "Read it at /api/transcriptions/{id}, and try the failed part again with POST …/retry.": (
        "Lisez-la à /api/transcriptions/{id}, et réessayez ce qui a échoué avec POST …/retry."
    ),
}

_FIELDS = {
    "The project, by id or name; may be left out by a member of exactly one. OpenAI's own ids are passed over.": (
        "Le projet, par identifiant ou par nom ; qui n’est membre que d’un seul peut l’omettre. Les identifiants d’OpenAI "
        "sont ignorés."
    ),
    "Keep the transcription, which is otherwise deleted once its text is answered, or the client gone.": (
        "Garder la transcription, sinon supprimée une fois son texte rendu, ou le client parti."
    ),
    "Any text of yours, new for each recording: sending again with it gives the first one's text.": (
        "Un texte à vous, nouveau pour chaque enregistrement : le renvoyer rend le texte du premier."
    ),
    "The transcription's id.": "L’identifiant de la transcription.",
    "The transcription's address.": "L’adresse de la transcription.",
    "An installed Whisper model, or one of OpenAI's names for the site's default.": (
        "Un modèle Whisper installé, ou l’un des noms d’OpenAI pour celui du site."
    ),
    "An installed Whisper model, or a name of OpenAI's.": "Un modèle Whisper installé, ou un nom d’OpenAI.",
    "What the recognizer takes for the text before; of a long one the last 2 000 characters.": (
        "Ce que la reconnaissance prend pour le texte qui précède ; d’un long, les 2 000 derniers caractères."
    ),
    "In which shape the text is answered.": "La forme dans laquelle le texte est rendu.",
    "Without effect: the recognizer begins at 0 and rises by itself where it must.": (
        "Sans effet : la reconnaissance part de 0 et monte d’elle-même s’il le faut."
    ),
    "The same, one value.": "La même chose, une valeur.",
    "Names and terms to expect, 1 000 characters together.": "Noms et termes attendus, 1 000 caractères en tout.",
    "Answer with events, as the text appears; with `json`, `text` or `diarized_json`.": (
        "Répondre par des événements, à mesure que le texte vient ; avec `json`, `text` ou `diarized_json`."
    ),
    "What has times of its own in `verbose_json`; segments where it is left out.": (
        "Ce qui a ses propres temps dans `verbose_json` ; les segments sinon."
    ),
    "What has times of its own in `verbose_json`.": "Ce qui a ses propres temps dans `verbose_json`.",
    "Without effect: recordings are always cut where nobody speaks.": (
        "Sans effet : les enregistrements sont toujours coupés là où personne ne parle."
    ),
    "`chunking_strategy` as an object. Its thresholds are those of OpenAI's detector, not of ours.": (
        "`chunking_strategy` en objet. Ses seuils sont ceux du détecteur d’OpenAI, pas du nôtre."
    ),
    "`json`.": "`json`.",
    "`verbose_json`; `segments` and `words` as `timestamp_granularities` asks for them.": (
        "`verbose_json` ; `segments` et `words` selon `timestamp_granularities`."
    ),
    "`diarized_json`.": "`diarized_json`.",
    "What went wrong, as OpenAI's clients read it.": "Ce qui a mal tourné, comme les clients d’OpenAI le lisent.",
    "What happened, and the way out.": "Ce qui est arrivé, et comment en sortir.",
    "As OpenAI sorts errors, such as `invalid_request_error`.": (
        "Comme OpenAI classe les erreurs, par exemple `invalid_request_error`."
    ),
    "Which field of the request.": "Quel champ de la requête.",
    "Send it as `model`.": "À envoyer en `model`.",
    "When it was installed, in seconds since 1970.": "Quand il a été installé, en secondes depuis 1970.",
    "The length of the recording.": "La longueur de l’enregistrement.",
    "Always empty.": "Toujours vide.",
    "The English name of the text's language, or `unknown`.": "Le nom anglais de la langue du texte, ou `unknown`.",
    "A name where one is known, else `A`, `B`, …; `unknown`: nobody's.": (
        "Un nom s’il est connu, sinon `A`, `B`, … ; `unknown` : de personne."
    ),
    "What is written down: what was said, as it was said, or in English.": (
        "Ce qui est écrit : ce qui a été dit, tel quel ou en anglais."
    ),
    "`translate`: the text is in English, whatever is spoken; multilingual models can.": (
        "`translate` : le texte est en anglais, quelle que soit la langue parlée ; les modèles multilingues le savent."
    ),
    "First Vocalyx: as `project`.": "Premier Vocalyx : comme `project`.",
    "First Vocalyx: as `vad`.": "Premier Vocalyx : comme `vad`.",
    "First Vocalyx: as `model`.": "Premier Vocalyx : comme `model`.",
    "First Vocalyx: as `prompts`, with `bullet_points` for `points`.": (
        "Premier Vocalyx : comme `prompts`, avec `bullet_points` pour `points`."
    ),
    "First Vocalyx: `false`.": "Premier Vocalyx : `false`.",
    "Those with this status alone.": "Celles dans cet état seulement.",
    "Those of this project alone, by name.": "Celles de ce projet seulement, par son nom.",
    "Which page, counted from 1.": "Quelle page, comptée à partir de 1.",
    "A transcription in the shape of the first Vocalyx.": "Une transcription dans la forme du premier Vocalyx.",
    "A transcription with its text, under our names and those of the first Vocalyx.": (
        "Une transcription avec son texte, sous nos noms et ceux du premier Vocalyx."
    ),
    "All of it; `null` until it is finished, and in lists.": "En entier ; `null` tant qu’il n’est pas fini, et dans les listes.",
    "`null` until the text is finished, and in lists.": "`null` tant que le texte n’est pas fini, et dans les listes.",
    "The file's name, as it was sent.": "Le nom du fichier, tel qu’envoyé.",
    "Seconds.": "Secondes.",
    "Keys are shown once, when they are made.": "Une clé est montrée une fois, quand elle est faite.",
    "How far a task is; it has its transcription's id.": "Où en est une tâche ; elle a l’identifiant de sa transcription.",
    "`null` until it has ended.": "`null` tant qu’elle n’a pas pris fin.",
}

COMPATIBILITY: Mapping[str, str] = _CHAPTERS | _ROUTES | _PROBLEMS | _FIELDS
