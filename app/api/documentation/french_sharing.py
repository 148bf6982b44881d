"""The French of what is said of notes, and of links for those without a login."""

from collections.abc import Mapping

_ROUTES = {
    "Notes and links": "Notes et liens",
    "What readers write beside a recording, and links by which those without a login read one.": (
        "Ce que les lecteurs écrivent à côté d’un enregistrement, et les liens par lesquels on en lit un sans se connecter."
    ),
    "List the notes of a recording, in order of time": "Lister les notes d’un enregistrement, dans l’ordre du temps",
    "Write a note on a passage. No document shows it": ("Écrire une note sur un passage. Aucun document ne la montre"),
    "Change the text of a note, whoever wrote it": "Changer le texte d’une note, qui que ce soit qui l’ait écrite",
    "Remove a note, whoever wrote it": "Supprimer une note, qui que ce soit qui l’ait écrite",
    "List the links to a recording that are open, the newest first, without their tokens": (
        "Lister les liens ouverts vers un enregistrement, les plus récents d’abord, sans leurs jetons"
    ),
    "Make a link by which anybody who has it reads this recording, without a login": (
        "Faire un lien par lequel quiconque l’a lit cet enregistrement, sans se connecter"
    ),
    "It ends with its time, when it is revoked, and with the recording. Its token stands behind the `#` of the address, "
    "which browsers send to no server: it is in no log. A key needs the scope `transcriptions:read`, too.": (
        "Il finit avec sa durée, quand on le révoque, et avec l’enregistrement. Son jeton est derrière le `#` de l’adresse, "
        "que les navigateurs n’envoient à aucun serveur : il n’est dans aucun journal. Une clé doit aussi avoir la portée "
        "`transcriptions:read`."
    ),
    "The one time that the token is shown.": "La seule fois où le jeton est montré.",
    "End a link, at once": "Mettre fin à un lien, aussitôt",
    "Give a recording's text to whoever has a link to it": (
        "Donner le texte d’un enregistrement à qui a un lien vers lui"
    ),
    "404 where there is no such link or the token is not its, 410 where the link has ended.": (
        "404 s’il n’y a pas de tel lien ou si le jeton n’est pas le sien, 410 si le lien a pris fin."
    ),
    "Give the waveform of a recording to whoever has a link to it that shows the recording": (
        "Donner la forme d’onde d’un enregistrement à qui a un lien qui montre l’enregistrement"
    ),
    "Give a recording to whoever has a link to it that shows the recording": (
        "Donner un enregistrement à qui a un lien qui montre l’enregistrement"
    ),
}

_FIELDS = {
    "The note.": "La note.",
    "The link, by its id.": "Le lien, par son identifiant.",
    "What stands behind the `#` of the link. Where it is left out, the cookie counts that an earlier answer set.": (
        "Ce qui est derrière le `#` du lien. Omis, c’est le cookie d’une réponse précédente qui compte."
    ),
    "`noindex`.": "`noindex`.",
    "The `etag` of its text.": "L’`etag` de son texte.",
    "What somebody wrote on a passage.": "Ce que quelqu’un a écrit sur un passage.",
    "A note, and the passage that it is about.": "Une note, et le passage dont elle parle.",
    "Who wrote it: a user's or a key's name.": "Qui l’a écrite : le nom d’un utilisateur ou d’une clé.",
    "Of its text, quotes included: for `If-Match`.": "De son texte, guillemets compris : pour `If-Match`.",
    "Lines are allowed.": "Les lignes sont permises.",
    "Where the passage begins, in seconds.": "Où le passage commence, en secondes.",
    "Where it ends.": "Où il finit.",
    "What a link shows, and for how long.": "Ce que montre un lien, et pendant combien de temps.",
    "What a link shows: the text alone, or the recording, too.": (
        "Ce que montre un lien : le texte seul, ou aussi l’enregistrement."
    ),
    "The text alone, or the recording, too.": "Le texte seul, ou aussi l’enregistrement.",
    "After how many days it ends.": "Après combien de jours il finit.",
    "When it ends, in place of `days`: at most 90 days from now.": (
        "Quand il finit, à la place de `days` : au plus 90 jours à partir de maintenant."
    ),
    "A link by which anybody who has it reads one recording.": (
        "Un lien par lequel quiconque l’a lit un enregistrement."
    ),
    "Shown this once. Who has it can read; it belongs behind the `#`.": (
        "Montré cette seule fois. Qui l’a peut lire ; il se met derrière le `#`."
    ),
    "What to put behind the site's address, the token included.": (
        "Ce qu’il faut mettre après l’adresse du site, jeton compris."
    ),
    "What was said and by whom, and nothing of the project or its people.": (
        "Ce qui fut dit et par qui, et rien du projet ni de ses gens."
    ),
    "When the link ends.": "Quand le lien finit.",
    "Whether the recording is to be heard.": "Si l’enregistrement peut être écouté.",
}

_PROBLEMS = {
    "The link has ended": "Le lien a pris fin",
    "The link has expired, or was revoked.": "Le lien a expiré, ou a été révoqué.",
    "Ask whoever sent it to you for a new one.": "Demandez-en un nouveau à qui vous l’a envoyé.",
    "The link shows the text alone": "Le lien ne montre que le texte",
    "This link was made for the text, without the recording.": (
        "Ce lien a été fait pour le texte, sans l’enregistrement."
    ),
    "Ask whoever sent it to you for one with the recording.": (
        "Demandez-en un avec l’enregistrement à qui vous l’a envoyé."
    ),
}

SHARING: Mapping[str, str] = _ROUTES | _FIELDS | _PROBLEMS
