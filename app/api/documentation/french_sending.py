"""The French of what is said of sending recordings, in pieces, from addresses and within quotas."""

from collections.abc import Mapping

_ROUTES = {
    "Uploads in pieces": "Envois en morceaux",
    "Large recordings, in pieces that go on after a lost connection: tus 1.0.0, for any of its clients. Every answer has "
    "`Tus-Resumable`.": (
        "De grands enregistrements, en morceaux qui reprennent après une connexion perdue : tus 1.0.0, pour tout client de "
        "ce protocole. Toute réponse a `Tus-Resumable`."
    ),
    "Take a recording and its options, or the address of one, and queue its transcription": (
        "Prendre un enregistrement et ses options, ou l’adresse d’un enregistrement, et mettre sa transcription en file"
    ),
    "An empty field counts as left out; an unknown one is refused. What is at an address is fetched after the answer: "
    "where that fails, the transcription ends as `error`.": (
        "Un champ vide compte comme absent ; un champ inconnu est refusé. Ce qui est à une adresse est cherché après la "
        "réponse : si cela échoue, la transcription finit en `error`."
    ),
    "It is queued; or `pending`, where the recording is yet to be fetched.": (
        "Elle est en file ; ou `pending`, si l’enregistrement est encore à chercher."
    ),
    "The transcription of the same recording and options that there was: by its `Idempotency-Key`, or for `reuse`.": (
        "La transcription qu’il y avait du même enregistrement avec les mêmes options : par son `Idempotency-Key`, ou pour "
        "`reuse`."
    ),
    "Say what of tus is known here": "Dire ce qui est connu ici de tus",
    "Say what of tus is known here, whether or not there is this upload": (
        "Dire ce qui est connu ici de tus, que cet envoi existe ou non"
    ),
    "In the headers.": "Dans les en-têtes.",
    "Begin an upload, with its first piece where one comes along": (
        "Commencer un envoi, avec son premier morceau s’il est joint"
    ),
    "Where that is all of it, `X-Transcription-ID` names the transcription.": (
        "Si c’en est le tout, `X-Transcription-ID` nomme la transcription."
    ),
    "It has begun.": "Il est commencé.",
    "Add a piece; with the last one the upload becomes a transcription": (
        "Ajouter un morceau ; avec le dernier, l’envoi devient une transcription"
    ),
    "Say how much is here, so that the client can go on from there": (
        "Dire combien est là, pour que le client reprenne à partir de là"
    ),
    "Whoever is adding to the upload is made to stop: it is you, back from a lost connection.": (
        "Qui ajoute à cet envoi est arrêté : c’est vous, de retour d’une connexion perdue."
    ),
    "Why, a GET of the same address says: an answer to HEAD has no body.": (
        "Pourquoi, un GET de la même adresse le dit : une réponse à HEAD n’a pas de corps."
    ),
    "Give an upload as JSON: its state, its transcription, or why there is none. Interrupts nothing": (
        "Donner un envoi en JSON : son état, sa transcription, ou pourquoi il n’y en a pas. N’interrompt rien"
    ),
    "End an upload and remove its bytes. A transcription that was made of it stays": (
        "Mettre fin à un envoi et supprimer ses octets. Une transcription qui en a été faite reste"
    ),
    "Stand in for PATCH and DELETE where something on the way knows neither: `X-HTTP-Method-Override` names it": (
        "Remplacer PATCH et DELETE là où quelque chose en route ne les connaît pas : `X-HTTP-Method-Override` nomme lequel"
    ),
    "What was meant is done.": "Ce qui était voulu est fait.",
    "Give what a project may store and have transcribed, and what is used of that": (
        "Donner ce qu’un projet peut garder et faire transcrire, et ce qui en est utilisé"
    ),
    "Limit what a project may store and have transcribed": "Limiter ce qu’un projet peut garder et faire transcrire",
    "What is there already stays, and may be more than that.": "Ce qui est déjà là reste, même si c’est davantage.",
}

_FIELDS = {
    "The upload.": "L’envoi.",
    "The version of the protocol.": "La version du protocole.",
    "How many bytes the recording has.": "Combien d’octets a l’enregistrement.",
    "Pairs of a name and its value in Base64, with commas between: `filename`, `project`, `reuse` and the options of a "
    "transcription, as the form has them.": (
        "Des paires d’un nom et de sa valeur en Base64, séparées par des virgules : `filename`, `project`, `reuse` et les "
        "options d’une transcription, comme dans le formulaire."
    ),
    "The byte at which the piece begins.": "L’octet auquel le morceau commence.",
    "`sha1` or `sha256`, a space, and the digest of the piece in Base64. A piece that differs is dropped.": (
        "`sha1` ou `sha256`, une espace, et l’empreinte du morceau en Base64. Un morceau qui diffère est abandonné."
    ),
    "The method that is meant.": "La méthode voulue.",
    "The piece's bytes.": "Les octets du morceau.",
    "The first bytes, if they are to come with the beginning.": "Les premiers octets, s’ils doivent venir dès le début.",
    "How many bytes are here.": "Combien d’octets sont là.",
    "When the upload ends if no more bytes come.": "Quand l’envoi prend fin s’il ne vient plus d’octets.",
    "With the last piece: the transcription that was made, or was there.": (
        "Avec le dernier morceau : la transcription qui a été faite, ou qui était là."
    ),
    "What of the protocol is known here.": "Ce qui est connu ici du protocole.",
    "How many bytes a recording may have.": "Combien d’octets un enregistrement peut avoir.",
    "How pieces may be summed.": "Comment les sommes des morceaux peuvent être faites.",
    "As it was sent.": "Telles qu’elles ont été envoyées.",
    "The transcription's address.": "L’adresse de la transcription.",
    "The upload's address.": "L’adresse de l’envoi.",
    "The project's address.": "L’adresse du projet.",
    "The name of the file.": "Le nom du fichier.",
    "Take a transcription of the same content with the same options, where the project has one. `true` if left out.": (
        "Prendre une transcription du même contenu avec les mêmes options, si le projet en a une. `true` si omis."
    ),
    "A recording that the server fetches itself, and the options of its transcription.": (
        "Un enregistrement que le serveur va chercher lui-même, et les options de sa transcription."
    ),
    "Where the recording is: a public address, `http` or `https`.": (
        "Où est l’enregistrement : une adresse publique, `http` ou `https`."
    ),
    "What to call it; the last part of the address where it is left out.": (
        "Comment le nommer ; la dernière partie de l’adresse sinon."
    ),
    "`null` until the recording is here.": "`null` tant que l’enregistrement n’est pas là.",
    "Of the content; `null` until the recording is here.": "Du contenu ; `null` tant que l’enregistrement n’est pas là.",
    "A recording that comes in pieces.": "Un enregistrement qui vient en morceaux.",
    "`complete`: every byte is here, and the transcription is being made of it. The last four are ends.": (
        "`complete` : tous les octets sont là, et la transcription est en train d’en être faite. Les quatre derniers sont "
        "des fins."
    ),
    "How many bytes it will have.": "Combien d’octets il aura.",
    "How many of them are safe here.": "Combien d’entre eux sont ici en sûreté.",
    "What became of it; `null` before that, and once that is deleted.": (
        "Ce qui en est devenu ; `null` avant cela, et une fois cela supprimé."
    ),
    "Whether a transcription that is there already will do.": "Si une transcription qui est déjà là convient.",
    "Why it was refused, where it was.": "Pourquoi il a été refusé, s’il l’a été.",
    "When it ends if no more bytes come.": "Quand il prend fin s’il ne vient plus d’octets.",
    "Why no transcription was made of an upload, and the way out.": (
        "Pourquoi aucune transcription n’a été faite d’un envoi, et comment en sortir."
    ),
    "The one that the last piece was answered with.": "Celui de la réponse au dernier morceau.",
    "Both limits, each a number, or null for none.": "Les deux limites, chacune un nombre, ou null pour aucune.",
    "How much it may store at a time.": "Combien il peut garder à la fois.",
    "How many hours of recordings it may have transcribed in a month.": (
        "Combien d’heures d’enregistrements il peut faire transcrire en un mois."
    ),
    "How much a project may store and have transcribed in a month, and what is used of that.": (
        "Combien un projet peut garder et faire transcrire en un mois, et ce qui en est utilisé."
    ),
    "`null`: none.": "`null` : aucune.",
    "Of all recordings, and of uploads that are on their way.": "De tous les enregistrements, et des envois en route.",
    "Of the recordings sent in this month that did not fail.": (
        "Des enregistrements envoyés ce mois-ci qui n’ont pas échoué."
    ),
    "The present one, in UTC, such as `2026-11`.": "Celui en cours, en UTC, tel que `2026-11`.",
}

_PROBLEMS = {
    "The version of the protocol is not known here": "La version du protocole n’est pas connue ici",
    "The header 'Tus-Resumable' is missing or names another version than 1.0.0.": (
        "L’en-tête 'Tus-Resumable' manque ou nomme une autre version que 1.0.0."
    ),
    "Send 'Tus-Resumable: 1.0.0' with every request, as clients of tus 1.0 do.": (
        "Envoyez 'Tus-Resumable: 1.0.0' avec chaque requête, comme le font les clients de tus 1.0."
    ),
    "The content type is not the one of a piece": "Le type de contenu n’est pas celui d’un morceau",
    "A piece of an upload has the content type application/offset+octet-stream.": (
        "Un morceau d’un envoi a le type de contenu application/offset+octet-stream."
    ),
    "Send 'Content-Type: application/offset+octet-stream'.": "Envoyez 'Content-Type: application/offset+octet-stream'.",
    "The piece does not begin where the upload ends": "Le morceau ne commence pas où l’envoi finit",
    "The upload has fewer or more bytes than the offset of the piece says.": (
        "L’envoi a moins ou plus d’octets que ne le dit la position du morceau."
    ),
    "Ask for the offset (HEAD) and go on from there.": "Demandez la position (HEAD) et reprenez à partir de là.",
    "The piece is not what its checksum says": "Le morceau n’est pas ce que dit sa somme",
    "The piece does not have the checksum that was sent with it, and was dropped.": (
        "Le morceau n’a pas la somme envoyée avec lui, et a été abandonné."
    ),
    "Send the piece again from the same offset.": "Renvoyez le morceau depuis la même position.",
    "The upload has ended": "L’envoi a pris fin",
    "The upload has ended, and its bytes are not kept.": "L’envoi a pris fin, et ses octets ne sont pas gardés.",
    "Begin a new upload.": "Commencez un nouvel envoi.",
    "Another request is adding to the upload": "Une autre requête ajoute à l’envoi",
    "Another request is adding to this upload.": "Une autre requête ajoute à cet envoi.",
    "Ask for the offset (HEAD) in a few seconds and go on from there.": (
        "Demandez la position (HEAD) dans quelques secondes et reprenez à partir de là."
    ),
    "The server does not speak to this address": "Le serveur ne parle pas à cette adresse",
    "The address is none of http or https, or leads to a host that the server must not speak to.": (
        "L’adresse n’est ni http ni https, ou mène à une machine à laquelle le serveur ne doit pas parler."
    ),
    "Send an http or https address of a public host, or upload the recording itself.": (
        "Envoyez une adresse http ou https d’une machine publique, ou l’enregistrement lui-même."
    ),
    "The recording could not be fetched": "L’enregistrement n’a pas pu être cherché",
    "The other server did not give the recording that it was asked for.": (
        "L’autre serveur n’a pas donné l’enregistrement qui lui était demandé."
    ),
    "Check that the address answers with the recording itself, and retry.": (
        "Vérifiez que l’adresse répond par l’enregistrement lui-même, et réessayez."
    ),
    "The project's quota is used up": "Le quota du projet est épuisé",
    "The recording would be more than the project may store, or have transcribed in a month.": (
        "Avec l’enregistrement, ce serait plus que le projet ne peut garder, ou faire transcrire en un mois."
    ),
    "Delete what is no longer needed, or ask an administrator of the site for a larger quota.": (
        "Supprimez ce qui est devenu inutile, ou demandez un quota plus large à un administrateur du site."
    ),
}

SENDING: Mapping[str, str] = _ROUTES | _FIELDS | _PROBLEMS
