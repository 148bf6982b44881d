"""The French of what is said of the language model's tasks: sets of them, their answers, redaction."""

from collections.abc import Mapping

_ROUTES = {
    "List the sets of tasks that can be asked for in a project: its own, and those that every project has": (
        "Lister les jeux de demandes possibles dans un projet : les siens, et ceux qu’ont tous les projets"
    ),
    "Give one set of tasks": "Donner un jeu de demandes",
    "Make a set of tasks, or replace one": "Faire un jeu de demandes, ou en remplacer un",
    "One with the name of a set that every project has takes its place here. Schemas that could lead a model out of bounds "
    "are refused; bounds that are left out are filled in.": (
        "Avec le nom d’un jeu qu’ont tous les projets, il en prend ici la place. Les schémas qui pourraient mener un modèle "
        "hors de toute limite sont refusés ; les limites omises sont ajoutées."
    ),
    "It is new.": "Il est nouveau.",
    "Delete one of a project's own sets of tasks": "Supprimer un jeu de demandes propre au projet",
    "An enrichment that waits and asks for it ends in an error; its transcript is not touched.": (
        "Un enrichissement en attente qui le demande finit en erreur ; son texte n’est pas touché."
    ),
}

_FIELDS = {
    "Have the language model asked about it: for a title, a summary and key points, or for `tasks`.": (
        "Faire interroger le modèle de langage : pour un titre, un résumé et les points clés, ou pour `tasks`."
    ),
    "The set of tasks, by name.": "Le jeu de demandes, par son nom.",
    "Sets of tasks for the language model.": "Des jeux de demandes au modèle de langage.",
    "A project's own task.": "Une demande propre au projet.",
    "Of the answer, its bounds filled in.": "De la réponse, ses limites ajoutées.",
    "What is asked of a recording together.": "Ce qui est demandé ensemble d’un enregistrement.",
    "Whether every project has it.": "Si tous les projets l’ont.",
    "In place of our own instructions.": "À la place de nos consignes.",
    "The project's own tasks.": "Les demandes propres au projet.",
    "Who changed it last; `null` for those that every project has.": (
        "Qui l’a changé en dernier ; `null` pour ceux qu’ont tous les projets."
    ),
    "What is asked, in your words.": "Ce qui est demandé, avec vos mots.",
    "A JSON Schema of the answer, an object. Of JSON Schema there are `type`, `properties`, `required`, `items`, `enum`, "
    "bounds of lengths, of items and of whole numbers.": (
        "Un schéma JSON de la réponse, un objet. De JSON Schema, il y a `type`, `properties`, `required`, `items`, `enum`, "
        "les limites de longueur, d’éléments et de nombres entiers."
    ),
    "In the order in which they are asked.": "Dans l’ordre où elles sont posées.",
    "In place of our own instructions, by task.": "À la place de nos consignes, par demande.",
    "Tasks of your own, by names of small letters.": "Vos propres demandes, par des noms en minuscules.",
    "Your own instruction for `title`, `summary`, `points` or another task, as a JSON object.": (
        "Votre propre consigne pour `title`, `summary`, `points` ou une autre demande, en objet JSON."
    ),
    "What the language model is asked for; `title`, `summary` and `points` if left out. Each takes time.": (
        "Ce qui est demandé au modèle de langage ; `title`, `summary` et `points` si omis. Chaque demande prend du temps."
    ),
    "A set of tasks in place of `tasks`: `meeting`, `call`, `interview`, `lecture` or one of the project's own.": (
        "Un jeu de demandes à la place de `tasks` : `meeting`, `call`, `interview`, `lecture` ou un propre au projet."
    ),
    "What the language model answers in, as an ISO 639-1 code; the recording's if left out.": (
        "La langue des réponses, en code ISO 639-1 ; celle de l’enregistrement si omis."
    ),
    "What the task `translation` translates into; English if left out, or French from English.": (
        "La langue vers laquelle `translation` traduit ; l’anglais si omis, ou le français depuis l’anglais."
    ),
    "The options of one transcription; every one of them reaches an engine.\n\n`language` is an ISO 639-1 code, or None to "
    "detect it. `model` and `llm_model` name installed models, or None for the site's default. `prompts` replaces the "
    "instruction of an enrichment task by the client's own. `tasks` says what the language model is asked for, or `task_set` "
    "names a set of tasks; `answer_language` None: the recording's; `translation_language` is what the task `translation` "
    "translates into.": (
        "Les options d’une transcription.\n\n`language` est un code ISO 639-1, ou `null` pour la détecter. `model` et "
        "`llm_model` nomment des modèles installés, ou `null` pour ceux du site. `prompts` remplace la consigne d’une demande "
        "par la vôtre. `tasks` dit ce qui est demandé au modèle de langage, ou `task_set` nomme un jeu de demandes ; "
        "`answer_language` `null` : la langue de l’enregistrement ; `translation_language` est celle vers laquelle on traduit."
    ),
    "Those that it rests on; none where the answer is in another language than the recording.": (
        "Ceux sur lesquels il repose ; aucun si la réponse est dans une autre langue que l’enregistrement."
    ),
    "Seconds, of the first of these segments.": "En secondes, du premier de ces segments.",
    "They follow one another without a gap.": "Ils se suivent sans trou.",
    "The first and the last one.": "Le premier et le dernier.",
    "`null` where that was not said.": "`null` si ce n’a pas été dit.",
    "In the words of the recording; `null` where that was not said.": (
        "Avec les mots de l’enregistrement ; `null` si ce n’a pas été dit."
    ),
    "As it is written in the transcript.": "Comme il est écrit dans le texte.",
    "From 1, very dissatisfied, to 5, very satisfied.": "De 1, très mécontent, à 5, très satisfait.",
    "Word for word.": "Mot pour mot.",
    "How many segments are missing: they were too far from what was said.": (
        "Combien de segments manquent : ils étaient trop loin de ce qui a été dit."
    ),
    "Characters of the segment's text, counted from 0: from `start` up to `end`.": (
        "Des caractères du texte du segment, comptés à partir de 0 : de `start` jusqu’à `end`."
    ),
    "The answers by task: one that was not asked for is absent, one that failed is `null`.": (
        "Les réponses par demande : une qui n’a pas été posée est absente, une qui a échoué est `null`."
    ),
    "Of the project's own tasks, by name, in the shape of their schemas.": (
        "Des demandes propres au projet, par leur nom, dans la forme de leurs schémas."
    ),
    "What a text in the answer to a project's own task rests on. Without segments it was not found in the transcript.": (
        "Ce sur quoi repose un texte de la réponse à une demande propre au projet. Sans segments, il n’a pas été trouvé dans"
        " la transcription."
    ),
    "Of the text in the answer: `said`, or `rooms[0].what`.": "Du texte dans la réponse : `said`, ou `rooms[0].what`.",
    "Those in which its words stand.": "Ceux où se trouvent ses mots.",
    "By name, what their texts rest on; none where the answer is in another language than the recording.": (
        "Par leur nom, ce sur quoi reposent leurs textes ; rien si la réponse est dans une autre langue que l’enregistrement."
    ),
    "Whether the text was corrected after the answers were made of it.": (
        "Si le texte a été corrigé après que les réponses en furent tirées."
    ),
    "What it was asked for with the last time.": "Avec quoi il a été demandé la dernière fois.",
    "What it took, by step; `total` is the sum.": "Ce que cela a pris, par étape ; `total` est la somme.",
    "`evaluated` ones were read, `reused` ones were known, `generated` ones written.": (
        "`evaluated` : lus ; `reused` : déjà connus ; `generated` : écrits."
    ),
    "In how many pieces the transcript was read.": "En combien de morceaux le texte a été lu.",
    "Of our instructions.": "De nos consignes.",
    "Of the text that was read: another one after a correction.": "Du texte lu : une autre après une correction.",
    "How the answers were drawn, by task and piece of the transcript.": (
        "Comment les réponses ont été tirées, par demande et morceau du texte."
    ),
    "What was asked, by task.": "Ce qui a été demandé, par demande.",
    "How many statements could not be found in the transcript, by task.": (
        "Combien d’énoncés n’ont pas été retrouvés dans le texte, par demande."
    ),
    "`personal_data`: what was found of it is replaced by its kind, such as `[PHONE]`; the enrichment must have had the task "
    "`personal_data`. For all formats but `rttm`.": (
        "`personal_data` : ce qui en a été trouvé est remplacé par sa nature, comme `[TÉLÉPHONE]` ; l’enrichissement doit "
        "avoir eu la demande `personal_data`. Pour tous les formats sauf `rttm`."
    ),
}

_PROBLEMS = {
    "There is no such set of tasks": "Il n’y a pas de tel jeu de demandes",
    "The project has no set of tasks of this name.": "Le projet n’a pas de jeu de demandes de ce nom.",
    "Choose one that GET /api/projects/{id}/task-sets lists, or name the tasks.": (
        "Choisissez-en un que GET /api/projects/{id}/task-sets énumère, ou nommez les demandes."
    ),
}

ENRICHMENT: Mapping[str, str] = _ROUTES | _FIELDS | _PROBLEMS
