"""The French of what the pages say. What is not here is said in English."""

import re
from collections.abc import Mapping

from app.api.documentation.french_asking import ASKING
from app.api.documentation.french_audit import AUDIT
from app.api.documentation.french_compatibility import COMPATIBILITY
from app.api.documentation.french_enrichment import ENRICHMENT
from app.api.documentation.french_fields import FIELDS
from app.api.documentation.french_keeping import KEEPING
from app.api.documentation.french_operations import OPERATIONS
from app.api.documentation.french_people import PEOPLE
from app.api.documentation.french_reading import READING
from app.api.documentation.french_sending import SENDING
from app.api.documentation.french_sharing import SHARING
from app.api.documentation.french_webhooks import WEBHOOKS

_WORDS = {
    "The API": "L’API",
    "The same for programs:": "La même chose pour les programmes :",
    "Any request may besides be answered with:": "À toute requête, il peut en outre être répondu par :",
    "In this page": "Dans cette page",
    "In the address": "Dans l’adresse",
    "In the query": "Dans la requête",
    "In the headers": "Dans les en-têtes",
    "The body": "Le corps",
    "Answers": "Réponses",
    "Example": "Exemple",
    "What the answers and bodies are made of": "Ce dont les réponses et les corps sont faits",
    "required": "obligatoire",
    "or": "ou",
    "list of": "liste de",
    "by key:": "par clé :",
    "text": "texte",
    "bytes": "octets",
    "one of": "l’un de",
    "Done.": "C’est fait.",
    "Done; no body.": "C’est fait ; pas de corps.",
    "What happened": "Ce qui est arrivé",
    "The way out": "Comment en sortir",
    "Which requests are answered so": "Les requêtes auxquelles il est répondu ainsi",
    "The whole API": "Toute l’API",
}

_CHAPTERS = {
    "Vocalyx turns recordings into speaker-labelled, searchable, enriched transcripts.": (
        "Vocalyx fait d’un enregistrement un texte où l’on sait qui parle, où l’on cherche, et qui est résumé."
    ),
    "Times of day are UTC in ISO 8601; times in a recording are seconds from its start; ids are UUIDs. Every error is "
    "`application/problem+json` (RFC 9457) with a stable `code`, and says the way out. Every answer has an "
    "`X-Request-ID`, which is also in the server's log. A later release may add fields to answers.": (
        "Les heures sont en UTC, en ISO 8601 ; dans un enregistrement, les temps sont des secondes depuis le début ; les "
        "identifiants sont des UUID. Toute erreur est `application/problem+json` (RFC 9457), a un `code` stable et dit "
        "comment en sortir. Toute réponse a un `X-Request-ID`, qui est aussi dans le journal du serveur. Une version "
        "ultérieure peut ajouter des champs aux réponses."
    ),
    "Signing in": "S’identifier",
    "Transcriptions": "Transcriptions",
    "Speakers": "Locuteurs",
    "Updates": "Changements",
    "Projects": "Projets",
    "Voiceprints": "Empreintes vocales",
    "Users": "Utilisateurs",
    "Models": "Modèles",
    "Health": "État du service",
    "Documentation": "Documentation",
    "A person's name and password give a bearer token; programs send a project's API key instead.": (
        "Un nom et un mot de passe donnent un jeton ; les programmes envoient plutôt la clé d’API d’un projet."
    ),
    "Send recordings, follow them, read what was said.": "Envoyer des enregistrements, les suivre, lire ce qui a été dit.",
    "Who spoke, corrected beside what the machine found.": "Qui a parlé, corrigé à côté de ce que la machine a trouvé.",
    "Changes, as they happen.": "Les changements, quand ils arrivent.",
    "What belongs together, who may see it, and the keys of programs.": (
        "Ce qui va ensemble, qui peut le voir, et les clés des programmes."
    ),
    "Voices by which a project's speakers are recognised. Off unless an owner switches it on.": (
        "Les voix auxquelles les locuteurs d’un projet sont reconnus. Inactif tant qu’un propriétaire ne l’active pas."
    ),
    "People, for administrators.": "Les personnes, pour les administrateurs.",
    "What is installed to transcribe with.": "Ce qui est installé pour transcrire.",
    "For load balancers.": "Pour les répartiteurs de charge.",
    "This, for programs and for people.": "Ceci, pour les programmes et pour les personnes.",
    "For: Anybody, without credentials.": "Pour : tout le monde, sans s’identifier.",
    "For: Anybody with credentials.": "Pour : quiconque s’identifie.",
    "For: Users; no API key.": "Pour : les utilisateurs, pas les clés d’API.",
    "For: Viewers, editors and owners of the project.": "Pour : les lecteurs, éditeurs et propriétaires du projet.",
    "For: Editors and owners of the project.": "Pour : les éditeurs et propriétaires du projet.",
    "For: Owners of the project.": "Pour : les propriétaires du projet.",
    "For: Administrators of the site.": "Pour : les administrateurs du site.",
}

_ROUTES = {
    "Exchange a name and a password, as a form or as JSON, for a bearer token": (
        "Échanger un nom et un mot de passe, en formulaire ou en JSON, contre un jeton"
    ),
    "End the login that the request's own token stands for": "Mettre fin à la session du jeton de la requête",
    "The address is an open one: without a token it does nothing.": (
        "L’adresse est ouverte : sans jeton, il ne se passe rien."
    ),
    "Say who the credentials belong to, and which roles they carry": "Dire à qui sont ces droits, et quels rôles ils portent",
    "Give the finished transcript as a document": "Donner le texte fini en document",
    "409 until there is one. An option that means nothing to the format is refused.": (
        "409 tant qu’il n’y en a pas. Une option qui ne dit rien au format est refusée."
    ),
    "Give a transcription with its text, as far as there is one": "Donner une transcription avec son texte, jusqu’où il est",
    "Where the `Accept` header prefers another type than JSON, the finished text as a document of that type: 409 until "
    "there is one. The options are those of documents.": (
        "Si l’en-tête `Accept` préfère un autre type que JSON, le texte fini en document de ce type : 409 tant qu’il n’y en "
        "a pas. Les options sont celles des documents."
    ),
    "Give the recording as it was sent: all of it, or the range of bytes that a player asks for": (
        "Donner l’enregistrement tel qu’envoyé : le tout, ou la plage d’octets qu’un lecteur demande"
    ),
    "Its type is what it was found to be, whatever its name says.": (
        "Son type est ce qu’on a trouvé qu’il est, quoi qu’en dise son nom."
    ),
    "All of it.": "Le tout.",
    "The range.": "La plage.",
    "The copy that you have is still right.": "La copie que vous avez est encore bonne.",
    "Give the waveform, as far as the recording was listened to": (
        "Donner la forme d’onde, jusqu’où l’enregistrement a été écouté"
    ),
    "409 before that has begun; 404 also where an earlier release listened, which kept none.": (
        "409 avant que cela ait commencé ; 404 aussi si une version antérieure l’a écouté, qui n’en gardait pas."
    ),
    "Remove a transcription: its rows, then its file": "Supprimer une transcription : ses lignes, puis son fichier",
    "Give the jobs that a transcription is made of: who did them, when, and how long each stage took": (
        "Donner les tâches d’une transcription : qui les a faites, quand, et la durée de chaque étape"
    ),
    "Stop what is not finished; what is finished is kept": "Arrêter ce qui n’est pas fini ; ce qui est fini est gardé",
    "Queue again what failed or was cancelled, with every option of the first try": (
        "Remettre en file ce qui a échoué ou fut annulé, avec toutes les options du premier essai"
    ),
    "Put everything back to the machine's labels; names stay": "Revenir partout aux étiquettes de la machine ; les noms restent",
    "Give a speaker a name, or take it away": "Donner un nom à un locuteur, ou le retirer",
    "Say that this speaker is another one": "Dire que ce locuteur en est un autre",
    "Take back that this speaker is another one": "Revenir sur le fait que ce locuteur en est un autre",
    "Give segments of this speaker to a new one": "Donner des segments de ce locuteur à un nouveau",
    "Give segments to a speaker of this recording, or back to whom the machine found": (
        "Donner des segments à un locuteur de cet enregistrement, ou les rendre à celui que la machine a trouvé"
    ),
    "Open the WebSocket of changes: a snapshot (or what was missed since a cursor), then every change": (
        "Ouvrir le WebSocket des changements : l’état présent (ou ce qui a été manqué), puis chaque changement"
    ),
    'Where headers cannot be set, send `{"type": "authenticate", "token": "…"}` (or `"api_key"`) as the first message, '
    "within ten seconds.": (
        'Là où l’on ne peut pas mettre d’en-tête, envoyer `{"type": "authenticate", "token": "…"}` (ou `"api_key"`) comme '
        "premier message, avant dix secondes."
    ),
    "From here on messages come, as docs/api.md tells them.": "Dès lors viennent des messages, ceux que dit docs/api.md.",
    "List the projects of whoever asks": "Lister les projets de qui demande",
    "Add a project; its creator becomes its owner": "Ajouter un projet ; qui le crée en devient propriétaire",
    "Give a project with its members": "Donner un projet avec ses membres",
    "Rename a project, or switch the recognition of speakers": (
        "Renommer un projet, ou activer ou non la reconnaissance des locuteurs"
    ),
    "Switched off, it deletes every voiceprint and every voice of the project.": (
        "La désactiver supprime toutes les empreintes et toutes les voix du projet."
    ),
    "Make a user a member, or change the role of one": "Faire d’un utilisateur un membre, ou changer son rôle",
    "A key with scopes or an expiry of its own does neither.": (
        "Une clé qui a des portées ou une fin à elle ne fait ni l’un ni l’autre."
    ),
    "Remove a member; what they sent stays": "Retirer un membre ; ce qu’il a envoyé reste",
    "List the API keys of a project, those that were revoked included": (
        "Lister les clés d’API d’un projet, y compris celles qui sont révoquées"
    ),
    "Add an API key": "Ajouter une clé d’API",
    "Its secret is in this answer, and in no later one.": "Son secret est dans cette réponse, et dans aucune autre ensuite.",
    "Revoke an API key, at once and for good": "Révoquer une clé d’API, aussitôt et pour toujours",
    "List whose voices are known, and where from": "Lister de qui la voix est connue, et d’où",
    "Keep a speaker's voice, to recognise it in later recordings of the project": (
        "Garder la voix d’un locuteur, pour la reconnaître dans les enregistrements à venir du projet"
    ),
    "409 where recognition is off, or it is not known what this speaker sounds like.": (
        "409 si la reconnaissance est inactive, ou si la voix de ce locuteur n’est pas connue."
    ),
    "Forget a voice": "Oublier une voix",
    "The names that it proposed stay, as if people had given them.": (
        "Les noms qu’elle a proposés restent, comme si des personnes les avaient donnés."
    ),
    "Add a user": "Ajouter un utilisateur",
    "List what is installed: licence, languages, size, and about how much memory a worker needs for it": (
        "Lister ce qui est installé : licence, langues, taille, et à peu près la mémoire qu’il faut"
    ),
    "Say that the process answers": "Dire que le processus répond",
    "Say whether what every request needs answers; 503 names the part that does not": (
        "Dire si ce qu’il faut à toute requête répond ; 503 nomme ce qui ne répond pas"
    ),
    "`uploads` may be among what is `down` with 200: then nothing can be sent or played, and all else goes on. "
    "`needs=uploads` makes that a 503, too.": (
        "`uploads` peut figurer dans `down` avec 200 : alors rien ne peut être envoyé ni écouté, et tout le reste continue. "
        "Avec `needs=uploads`, c’est aussi une réponse 503."
    ),
    "PostgreSQL or Redis does not answer, or what was asked for besides.": (
        "PostgreSQL ou Redis ne répond pas, ou ce qui a été demandé en plus."
    ),
    "Give this description of the API for programs": "Donner cette description de l’API pour les programmes",
    "Give the description of the API for people": "Donner la description de l’API pour les personnes",
    "A page in French or English, by `Accept-Language`.": "Une page en français ou en anglais, selon `Accept-Language`.",
    "Say what an error means, and what the way out is": "Dire ce que veut dire une erreur, et comment en sortir",
}

_PROBLEMS = {
    "The request cannot be read": "La requête ne peut pas être lue",
    "The request cannot be read.": "La requête ne peut pas être lue.",
    "Compare the request with the API guide.": "Comparez la requête avec le guide de l’API.",
    "The name or the password is wrong": "Le nom ou le mot de passe est faux",
    "No active user has this name and password.": "Aucun utilisateur actif n’a ce nom et ce mot de passe.",
    "Check both; an administrator can set a new password.": (
        "Vérifiez les deux ; un administrateur peut donner un nouveau mot de passe."
    ),
    "The request is too large": "La requête est trop grande",
    "The request is larger than this address accepts.": "La requête est plus grande que ce que cette adresse accepte.",
    "Send recordings as multipart/form-data to POST /api/transcriptions; keep other requests small.": (
        "Envoyez les enregistrements en multipart/form-data à POST /api/transcriptions ; les autres requêtes sont petites."
    ),
    "Some fields are not valid": "Des champs ne sont pas valides",
    "Some fields of the request are not valid.": "Des champs de la requête ne sont pas valides.",
    "Correct the fields named under 'errors' and send the request again.": (
        "Corrigez les champs nommés sous 'errors' et renvoyez la requête."
    ),
    "Something went wrong on the server": "Quelque chose a mal tourné sur le serveur",
    "The server met an error that it did not expect.": "Le serveur a rencontré une erreur inattendue.",
    "Try again; if it happens again, give the request id to your administrator.": (
        "Réessayez ; si cela se reproduit, donnez l’identifiant de la requête à votre administrateur."
    ),
    "A part of the service is not available": "Une partie du service n’est pas disponible",
    "A part of the service does not answer at the moment.": "Une partie du service ne répond pas en ce moment.",
    "Send the same request again in a few seconds, an upload with the same Idempotency-Key.": (
        "Renvoyez la même requête dans quelques secondes, un envoi avec la même Idempotency-Key."
    ),
    "Credentials are needed": "Il faut s’identifier",
    "The request carries no valid credentials.": "La requête ne porte ni jeton ni clé valable.",
    "Log in at POST /api/auth/token and send 'Authorization: Bearer …', or send a key as 'X-API-Key'.": (
        "Identifiez-vous à POST /api/auth/token et envoyez « Authorization: Bearer … », ou une clé en « X-API-Key »."
    ),
    "There is nothing here": "Il n’y a rien ici",
    "There is nothing here, or it belongs to a project that you are not a member of.": (
        "Il n’y a rien ici, ou cela appartient à un projet dont vous n’êtes pas membre."
    ),
    "Check the address and the project.": "Vérifiez l’adresse et le projet.",
    "Your role does not allow this": "Votre rôle ne le permet pas",
    "Your role does not allow this.": "Votre rôle ne le permet pas.",
    "Ask an owner of the project for a higher role.": "Demandez un rôle plus élevé à un propriétaire du projet.",
    "The idempotency key was used before": "La clé d’idempotence a déjà servi",
    "This idempotency key was used for another request.": "Cette clé d’idempotence a servi pour une autre requête.",
    "Use a new key for a new recording or other options; the same request again needs no change.": (
        "Prenez une nouvelle clé pour un nouvel enregistrement ou d’autres options ; la même requête n’en demande pas."
    ),
    "The file is too large": "Le fichier est trop grand",
    "The file is larger than this site accepts.": "Le fichier est plus grand que ce que ce site accepte.",
    "Split or compress the recording (16 kHz mono Opus serves speech well), or ask for a higher limit.": (
        "Coupez ou compressez l’enregistrement (de l’Opus mono à 16 kHz suffit à la parole), ou demandez une limite plus haute."
    ),
    "The file is not audio or video": "Le fichier n’est ni audio ni vidéo",
    "The file's content is not audio or video in any format that can be read here.": (
        "Le contenu du fichier n’est ni audio ni vidéo dans un format que l’on sait lire ici."
    ),
    "Send a recording (wav, mp3, m4a, ogg, flac, mp4, mkv, webm, …); the name's ending does not matter.": (
        "Envoyez un enregistrement (wav, mp3, m4a, ogg, flac, mp4, mkv, webm, …) ; l’extension du nom n’importe pas."
    ),
    "The options cannot be used together": "Ces options ne vont pas ensemble",
    "Two options contradict each other, or an option does not go with the model.": (
        "Deux options se contredisent, ou une option ne va pas avec le modèle."
    ),
    "Leave one of the options out, or change it as 'detail' says.": "Omettez l’une des options, ou changez-la comme le dit 'detail'.",
    "The model is not installed": "Le modèle n’est pas installé",
    "No model of this name is installed here.": "Aucun modèle de ce nom n’est installé ici.",
    "Choose one that GET /api/models lists, or ask the operator to install it.": (
        "Prenez-en un que GET /api/models liste, ou demandez à l’exploitant de l’installer."
    ),
    "The file is empty": "Le fichier est vide",
    "The file has no bytes.": "Le fichier n’a pas un octet.",
    "Check that the recording was saved, and send it again.": "Vérifiez que l’enregistrement a été gardé, et renvoyez-le.",
    "The recording is damaged or incomplete": "L’enregistrement est abîmé ou incomplet",
    "The recording begins like audio or video, but cannot be read to a first sound.": (
        "L’enregistrement commence comme de l’audio ou de la vidéo, mais ne se lit pas jusqu’à un premier son."
    ),
    "Copy or export it again from its source; an interrupted transfer often is the reason.": (
        "Copiez-le ou exportez-le de nouveau depuis sa source ; souvent, un transfert a été interrompu."
    ),
    "The recording has no sound": "L’enregistrement n’a pas de son",
    "The file has no audio track, or one of zero length.": "Le fichier n’a pas de piste audio, ou une de longueur nulle.",
    "Send a recording with sound in it.": "Envoyez un enregistrement qui a du son.",
    "There is no room for the file": "Il n’y a pas de place pour le fichier",
    "The uploads volume has no room for this file.": "Le volume des envois n’a pas de place pour ce fichier.",
    "Delete recordings that are no longer needed, or ask the operator for more space.": (
        "Supprimez des enregistrements devenus inutiles, ou demandez de l’espace à l’exploitant."
    ),
    "The state does not allow this": "L’état ne le permet pas",
    "The state does not allow this.": "L’état ne le permet pas.",
    "Read the present state and decide again.": "Lisez l’état présent et décidez de nouveau.",
    "This step is not possible now": "Ce pas n’est pas possible maintenant",
    "The transcription is in a state from which this step cannot be taken.": (
        "La transcription est dans un état d’où ce pas ne peut être fait."
    ),
    "Read its present state and decide again.": "Lisez son état présent et décidez de nouveau.",
    "This job is no longer this worker's": "Cette tâche n’est plus à ce travailleur",
    "The job is finished, cancelled, or leased to another worker.": (
        "La tâche est finie, annulée, ou confiée à un autre travailleur."
    ),
    "Drop the job and take the next one.": "Laissez la tâche et prenez la suivante.",
    "The address does not know this method": "L’adresse ne connaît pas cette méthode",
    "The address exists, and does something else than this method asks for.": (
        "L’adresse existe, et fait autre chose que ce que demande cette méthode."
    ),
    "Use one of the methods that the header Allow names.": "Prenez l’une des méthodes que nomme l’en-tête Allow.",
    "There is no representation that the client takes": "Il n’y a pas de représentation que le client accepte",
    "What is asked for is not to be had in any type that the Accept header takes.": (
        "Ce qui est demandé n’existe dans aucun type que l’en-tête Accept accepte."
    ),
    "Accept one of the types that the API guide lists, or */*.": (
        "Acceptez l’un des types que liste le guide de l’API, ou */*."
    ),
    "The state is not the one that the request is for": "L’état n’est pas celui que vise la requête",
    "What is here does not have the entity tag that If-Match names.": (
        "Ce qui est ici n’a pas l’étiquette d’entité que nomme If-Match."
    ),
    "The range lies behind the end": "La plage est au-delà de la fin",
    "No byte lies in the range that the Range header asks for.": (
        "Il n’y a pas un octet dans la plage que demande l’en-tête Range."
    ),
    "Ask for bytes that there are, or leave the Range header out.": (
        "Demandez des octets qui existent, ou omettez l’en-tête Range."
    ),
    "The recording is not on the uploads volume": "L’enregistrement n’est pas sur le volume des envois",
    "The file of this recording is not kept here, or not any more.": (
        "Le fichier de cet enregistrement n’est pas gardé ici, ou ne l’est plus."
    ),
    "Upload the recording again.": "Renvoyez l’enregistrement.",
    "Mount the uploads volume on this host, or correct VOCALYX_UPLOADS_DIR.": (
        "Montez le volume des envois sur cette machine, ou corrigez VOCALYX_UPLOADS_DIR."
    ),
}


def _spaced(text: str) -> str:
    """Return the text with the thin spaces that French sets before its double signs."""
    return re.sub(r" (?=[;:!?»])|(?<=«) ", "\u202f", text)


FRENCH: Mapping[str, str] = {
    english: _spaced(french)
    for part in (
        _WORDS,
        _CHAPTERS,
        _ROUTES,
        _PROBLEMS,
        FIELDS,
        ASKING,
        AUDIT,
        COMPATIBILITY,
        ENRICHMENT,
        KEEPING,
        OPERATIONS,
        PEOPLE,
        READING,
        SENDING,
        SHARING,
        WEBHOOKS,
    )
    for english, french in part.items()
}
