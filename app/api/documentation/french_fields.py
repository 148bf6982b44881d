"""The French of what is said of single values: parameters, fields of bodies and answers."""

from collections.abc import Mapping

FIELDS: Mapping[str, str] = {
    "The transcription.": "La transcription.",
    "The project.": "Le projet.",
    "The user, by name.": "L’utilisateur, par son nom.",
    "The API key, by its id.": "La clé d’API, par son identifiant.",
    "The voiceprint.": "L’empreinte vocale.",
    "The speaker, by label, such as `SPEAKER_00`.": "Le locuteur, par son étiquette, telle que `SPEAKER_00`.",
    "What to write it as.": "Le format voulu.",
    "The `code` of a problem document.": "Le `code` d’un document d’erreur.",
    "Any text of yours, new for each recording: sending again with it gives the first one back.": (
        "Un texte à vous, nouveau pour chaque enregistrement : le renvoyer rend la première transcription."
    ),
    "The project, by id or name; may be left out by a member of exactly one.": (
        "Le projet, par identifiant ou par nom ; qui n’est membre que d’un seul peut l’omettre."
    ),
    "The recording: anything with sound in it, audio or video. Send it last.": (
        "L’enregistrement : tout ce qui a du son, audio ou vidéo. À envoyer en dernier."
    ),
    "The cursor of the last message that you received; without it a snapshot comes first.": (
        "Le curseur du dernier message reçu ; sans lui, l’état présent vient d’abord."
    ),
    "Tell of this one alone.": "Ne parler que de celle-ci.",
    "Those of this project alone, by id or name.": "Celles de ce projet seulement, par identifiant ou par nom.",
    "How many a page.": "Combien par page.",
    "`next_cursor` of the page before.": "`next_cursor` de la page d’avant.",
    "ISO 639-1 code, such as `fr`; detected where it is left out.": "Code ISO 639-1, tel que `fr` ; détectée sinon.",
    "An installed Whisper model; the site's default where it is left out.": (
        "Un modèle Whisper installé ; celui du site sinon."
    ),
    "Leave silence and music to voice activity detection.": "Laisser silence et musique à la détection de la parole.",
    "Tell speakers apart.": "Distinguer les locuteurs.",
    "How many speak, where that is known.": "Combien de personnes parlent, si on le sait.",
    "How many speak at least.": "Combien de personnes parlent au moins.",
    "How many speak at most.": "Combien de personnes parlent au plus.",
    "What the recognizer takes for the text before.": "Ce que la reconnaissance prend pour le texte qui précède.",
    "Names and terms to expect.": "Noms et termes attendus.",
    "Give a time for every word.": "Donner un temps à chaque mot.",
    "An installed language model; the site's default where it is left out.": (
        "Un modèle de langue installé ; celui du site sinon."
    ),
    "Your own instruction for `title`, `summary` or `points`, as a JSON object.": (
        "Votre propre consigne pour `title`, `summary` ou `points`, en objet JSON."
    ),
    "Whose work is begun first: within a project always, between projects as far as their shares allow.": (
        "Le travail commencé en premier : toujours dans un projet, entre projets autant que leurs parts le permettent."
    ),
    "Name who speaks. For `txt`, `md`, `tsv`, `docx`, `srt` and `vtt`.": (
        "Nommer qui parle. Pour `txt`, `md`, `tsv`, `docx`, `srt` et `vtt`."
    ),
    "Say when; left out, `txt` does where it names who speaks, and the others always do. For `txt`, `md`, `tsv` and "
    "`docx`.": (
        "Dire quand ; si on l’omet, `txt` le fait là où il nomme qui parle, les autres toujours. Pour `txt`, `md`, `tsv` "
        "et `docx`."
    ),
    "Columns of a subtitle's line; wide characters take two, and a longer word is cut. For `srt` and `vtt`.": (
        "Colonnes d’une ligne de sous-titre ; les caractères larges en prennent deux, un mot plus long est coupé. Pour "
        "`srt` et `vtt`."
    ),
    "Lines of a subtitle, at most. For `srt` and `vtt`.": "Lignes d’un sous-titre, au plus. Pour `srt` et `vtt`.",
    "Characters a second: a subtitle stays on for as long as that takes, unless the next one comes. For `srt` and `vtt`.": (
        "Caractères par seconde : un sous-titre reste le temps qu’il faut ainsi, à moins que le suivant n’arrive. Pour "
        "`srt` et `vtt`."
    ),
    "Of the words that were not said: headings, and `Speaker 1` for who has no name. Left out: as the recording where that "
    "is French, else English. For `txt`, `md`, `docx`, `srt` and `vtt`.": (
        "Des mots qui n’ont pas été dits : titres, et `Intervenant 1` pour qui n’a pas de nom. Sans cela : celle de "
        "l’enregistrement s’il est en français, sinon l’anglais. Pour `txt`, `md`, `docx`, `srt` et `vtt`."
    ),
    "Only the passages that begin here or later, in seconds; each is given whole. For all formats.": (
        "Seulement les passages qui commencent ici ou après, en secondes ; chacun est donné entier. Pour tous les formats."
    ),
    "Only the passages that begin before, in seconds. A part is without the enrichment, which is of the whole. For all "
    "formats.": (
        "Seulement les passages qui commencent avant, en secondes. Un extrait est sans l’enrichissement, qui est du tout. "
        "Pour tous les formats."
    ),
    "One range of bytes, such as `bytes=0-65535`; several at once are answered by all of it.": (
        "Une plage d’octets, telle que `bytes=0-65535` ; à plusieurs à la fois, il est répondu par le tout."
    ),
    "An `ETag`: where it is not the recording's, all of it comes in place of the range.": (
        "Un `ETag` : si ce n’est pas celui de l’enregistrement, le tout vient à la place de la plage."
    ),
    "The `ETag` of a copy that you have: 304 where it is still right.": (
        "L’`ETag` d’une copie que vous avez : 304 si elle est encore bonne."
    ),
    "The `ETag` that the recording must have: 412 where it has another one.": (
        "L’`ETag` que l’enregistrement doit avoir : 412 s’il en a un autre."
    ),
    "How many points, at most; ten a second are kept.": "Combien de points, au plus ; dix par seconde sont gardés.",
    "How long the recording is, where that is known.": "La durée de l’enregistrement, si on la sait.",
    "What the points cover, from the start.": "Ce que couvrent les points, depuis le début.",
    "Whether there is more to listen to.": "S’il reste à écouter.",
    "The true height of a 1.": "La vraie hauteur d’un 1.",
    "Each the largest distance from silence in its share of the time, the loudest of all being 1.": (
        "Chacun la plus grande distance au silence dans sa part du temps, le plus fort de tous valant 1."
    ),
    "How the channels of a recording are heard: each as one party, all mixed, or as their sound suggests.": (
        "Comment les canaux sont entendus : chacun pour une partie, mêlés, ou comme le son le suggère."
    ),
    "At least one of the two.": "Au moins l’un des deux.",
    "A speaker of a recording, by label or by the position of a segment of theirs, and whose voice it is.": (
        "Un locuteur d’un enregistrement, par étiquette ou par la position d’un de ses segments, et à qui est la voix."
    ),
    "OpenAPI 3.1.": "OpenAPI 3.1.",
    "Send it as `Authorization: Bearer …`.": "À envoyer en `Authorization: Bearer …`.",
    "Seconds until it ends.": "Secondes jusqu’à sa fin.",
    "How the key begins, to tell keys apart.": "Le début de la clé, pour distinguer les clés.",
    "To the minute.": "À la minute près.",
    "What the recognizer wrote and nobody said.": "Ce que la reconnaissance a écrit et que personne n’a dit.",
    "Seconds from the start of the recording.": "Secondes depuis le début de l’enregistrement.",
    "Tasks that came to nothing while others succeeded, and why.": (
        "Les demandes restées sans fruit quand d’autres ont réussi, et pourquoi."
    ),
    "What the language model is asked for, one constrained answer each.": (
        "Ce qui est demandé au modèle de langue, une réponse contrainte pour chaque."
    ),
    "`null` once that recording is deleted.": "`null` une fois cet enregistrement supprimé.",
    "Why something failed, and the way out.": "Pourquoi quelque chose a échoué, et comment en sortir.",
    "Which field of the request; empty where it is all of it.": (
        "Quel champ de la requête ; vide si c’est toute la requête."
    ),
    "The label, where nobody gave a name.": "L’étiquette, si personne n’a donné de nom.",
    "ISO 639-1 codes, or `*` for any.": "Codes ISO 639-1, ou `*` pour toutes.",
    "About how much a worker needs to work with it.": "À peu près ce qu’il faut à un travailleur pour s’en servir.",
    "Whether its files are all there, in their sizes.": "Si ses fichiers sont tous là, à leur taille.",
    "A piece of the work: who did it, when, and what it cost.": (
        "Une part du travail : qui l’a faite, quand, et ce qu’elle a coûté."
    ),
    "The length of the piece.": "La longueur du morceau.",
    "Seconds a stage, and other measures.": "Secondes par étape, et d’autres mesures.",
    "What is done in a job.\n\n`plan`: a part of the recording is listened to and cut; `chunk`: a piece is "
    "written down; `voices`: the voices in a stretch are described; `diarization`: all descriptions are "
    "sorted into speakers; `enrichment`: the language model. Of a long text it plans and joins what others do: "
    "`reading`: the model is asked about a piece of it; `rewriting`: it writes lines anew; `folding`: it is asked "
    "about the whole, over notes on the pieces. `question`: the language model answers a question; that is no part "
    "of a transcription's work.": (
        "Ce qui est fait dans une tâche.\n\n`plan` : une partie de l’enregistrement est écoutée et coupée ; "
        "`chunk` : un morceau est écrit ; `voices` : les voix d’un passage sont décrites ; `diarization` : "
        "les descriptions sont réparties entre locuteurs ; `enrichment` : le modèle de langue. D’un long texte, elle "
        "planifie et réunit ce que font d’autres : `reading` : le modèle est interrogé sur un morceau ; `rewriting` : "
        "il récrit des lignes ; `folding` : il est interrogé sur l’ensemble, d’après des notes sur les morceaux. "
        "`question` : le modèle de langue répond à une question ; cela ne fait pas partie du travail d’une transcription."
    ),
    "`held`: planned, and not in its queue yet.": "`held` : prévue, et pas encore dans sa file.",
    "The user's; `null` for an API key.": "Celui de l’utilisateur ; `null` pour une clé d’API.",
    "By the project's id.": "Par identifiant de projet.",
    "What the recording is, by libav's names.": "Ce qu’est l’enregistrement, dans les termes de libav.",
    "Hertz.": "Hertz.",
    "Where the file states it.": "Si le fichier le dit.",
    "The speaker that this one was said to be.": "Le locuteur que celui-ci est, a-t-on dit.",
    "What a model is for; also the name of its folder in the models directory.": (
        "À quoi sert un modèle ; aussi le nom de son dossier."
    ),
    "Send it as `X-API-Key`. It is in this answer, and in no later one.": (
        "À envoyer en `X-API-Key`. Elle est dans cette réponse, et dans aucune autre ensuite."
    ),
    "The state of a part that may fail without taking the text with it: the diarization, the enrichment.": (
        "L’état d’une part qui peut échouer sans emporter le texte : la diarisation, l’enrichissement."
    ),
    "What went wrong, and the way out.": "Ce qui a mal tourné, et comment en sortir.",
    "The address of a page about this `code`.": "L’adresse d’une page sur ce `code`.",
    "Stable, for programs.": "Stable, pour les programmes.",
    "What happened.": "Ce qui est arrivé.",
    "The way out.": "Comment en sortir.",
    "The path that was asked for.": "Le chemin demandé.",
    "Also in the server's log, and in `X-Request-ID`.": "Aussi dans le journal du serveur, et dans `X-Request-ID`.",
    "One entry a field at fault.": "Une entrée par champ en faute.",
    "Yours in it; `null` where an administrator is no member.": (
        "Le vôtre ; `null` si un administrateur n’en est pas membre."
    ),
    "What does not answer.": "Ce qui ne répond pas.",
    "By part, `ok` or what is wrong.": "Par partie, `ok` ou ce qui ne va pas.",
    "Cosine of the two voices.": "Cosinus des deux voix.",
    "The roles of a project, each holding the rights of those before it.": (
        "Les rôles d’un projet, chacun ayant les droits des précédents."
    ),
    "A label, with people's corrections.": "Une étiquette, avec les corrections faites.",
    "The label as it was found.": "L’étiquette telle que trouvée.",
    "The machine's, `SPEAKER_00`, or `PERSON_01` where people made it.": (
        "Celle de la machine, `SPEAKER_00`, ou `PERSON_01` si une personne l’a créée."
    ),
    "What the speaker is called by where there is no name: `1` for “Speaker 1”.": (
        "Ce par quoi on l’appelle s’il n’a pas de nom : `1` pour « Intervenant 1 »."
    ),
    "What the speaker is called by where there is no name.": "Ce par quoi on l’appelle s’il n’a pas de nom.",
    "The names that its speakers have; who has none is left out. Events do not tell them.": (
        "Les noms de ceux qui y parlent ; qui n’en a pas est omis. Les événements ne les disent pas."
    ),
    "What is wrong with it: stable, for programs, as `too-short`.": (
        "Ce qui ne va pas : stable, pour les programmes, comme `too-short`."
    ),
    '`least` or `most`, where the code is about one of them: `{"least": 12}`.': (
        '`least` ou `most`, si le code porte sur l’un d’eux : `{"least": 12}`.'
    ),
    "How long they speak.": "Combien de temps il parle.",
    "Whose voiceprint proposed the name, if one did.": "L’empreinte qui a proposé le nom, s’il y en a une.",
    "Who was merged into this one.": "Ceux qui ont été fondus dans celui-ci.",
    "Who spoke when, overlaps included.": "Qui a parlé quand, chevauchements compris.",
    "What is being done just now.": "Ce qui se fait à l’instant.",
    "How much of the text is there.": "Quelle part du texte est là.",
    "ISO 639-1; `null` until it is known.": "ISO 639-1 ; `null` tant qu’on ne la sait pas.",
    "As they were, the site's defaults filled in.": "Telles qu’elles étaient, complétées par celles du site.",
    "How they are heard, once decided.": "Comment ils sont entendus, une fois décidé.",
    "`null` where it was not asked for.": "`null` si on ne l’a pas demandé.",
    "Whether more text may come.": "S’il peut venir encore du texte.",
    "Send it as `cursor` for the next page; `null`: no more.": (
        "À envoyer en `cursor` pour la page suivante ; `null` : il n’y en a plus."
    ),
    "Everything of a transcription but its text.": "Tout d’une transcription, sauf son texte.",
    "Whose voice is known. What it sounds like is in no answer.": (
        "De qui la voix est connue. Ce qu’elle est n’est dans aucune réponse."
    ),
    "The diarization model that made it.": "Le modèle de diarisation qui l’a faite.",
    "A user's name; `null` for an API key.": "Le nom d’un utilisateur ; `null` pour une clé d’API.",
    "With the space before it.": "Avec l’espace qui le précède.",
    "What has to answer, too: a balancer asks that before it sends recordings here.": (
        "Ce qui doit répondre aussi : un répartiteur le demande avant d’envoyer ici des enregistrements."
    ),
}
