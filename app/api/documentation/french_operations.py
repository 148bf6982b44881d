"""The French of what the pages say to administrators and to their monitoring."""

from collections.abc import Mapping

_CHAPTERS = {
    "Operations": "Exploitation",
    "How the site stands and went, for its administrators and their monitoring.": (
        "Où en est le site et comment il a marché, pour ses administrateurs et leur supervision."
    ),
}

_ROUTES = {
    "Give this instance's counts and times, and how the site stands, for Prometheus": (
        "Donner les comptes et les durées de cette instance, et l’état du site, pour Prometheus"
    ),
    "For whoever sends the operator's token (`VOCALYX_METRICS_TOKEN`) as bearer token or, where none is set, for the "
    "addresses that the operator names: the machine itself, unless told otherwise, and nobody who comes through a proxy.": (
        "Pour qui envoie le jeton de l’exploitant (`VOCALYX_METRICS_TOKEN`) ou, s’il n’y en a pas, pour les adresses que "
        "l’exploitant nomme : la machine elle-même sauf autre réglage, et personne qui passe par un mandataire."
    ),
    "Prometheus's text format.": "Le format texte de Prometheus.",
    "List the workers: state, models, memory, and what they are at": (
        "Lister les travailleurs : état, modèles, mémoire, et ce qu’ils font"
    ),
    "List the queues: what is due, how long it has waited, what Redis delivers of it, and to how many workers": (
        "Lister les files : ce qui est dû, depuis quand, ce que Redis en distribue, et à combien de travailleurs"
    ),
    "What is due is in the database: `delivery` may differ from it for seconds, and for as long as Redis was away.": (
        "Ce qui est dû est dans la base : `delivery` peut en différer quelques secondes, et tant que Redis était absent."
    ),
    "List the parts of transcriptions that came to nothing, the newest first, with the reason": (
        "Lister les parts de transcriptions qui n’ont rien donné, les dernières d’abord, avec la raison"
    ),
    "`POST /api/transcriptions/{id}/retry` tries those of one transcription again; what is tried again is no more in here.": (
        "`POST /api/transcriptions/{id}/retry` réessaie celles d’une transcription ; ce qui est réessayé n’est plus ici."
    ),
    "Say how the site went, day by day: hours transcribed, waiting, speed, failures": (
        "Dire comment le site a marché, jour par jour : heures transcrites, attente, vitesse, échecs"
    ),
    "The answer may be half a minute old.": "La réponse peut dater d’une demi-minute.",
    "Say how much room the volumes of recordings and of models have, and have left": (
        "Dire combien de place ont les volumes des enregistrements et des modèles, et ce qu’il en reste"
    ),
    "List the workers and what they are at, in the shape of the first Vocalyx": (
        "Lister les travailleurs et ce qu’ils font, dans la forme du premier Vocalyx"
    ),
    "Tasks of transcriptions that are not yours to see are counted, and name nothing.": (
        "Les tâches de transcriptions que vous ne pouvez pas voir sont comptées, et ne nomment rien."
    ),
}

_FIELDS = {
    "How many, at most.": "Combien, au plus.",
    "How many days, today among them.": "Combien de jours, y compris aujourd’hui.",
    "A worker, as it says of itself; what one of an earlier release does not say is `null`.": (
        "Un travailleur, tel qu’il se dit ; ce qu’une version antérieure ne dit pas est `null`."
    ),
    "`stale`: not heard of for longer than a living one is silent.": (
        "`stale` : sans signe de vie depuis plus longtemps que ne se tait un vivant."
    ),
    "`stale`: its heart has not beaten for longer than a living worker's may pause.": (
        "`stale` : son cœur n’a pas battu depuis plus longtemps que ne peut se taire celui d’un vivant."
    ),
    "Those that it keeps loaded, as `kind/name`.": "Ceux qu’il garde chargés, écrits `kind/name`.",
    "Of one core, between its last two heartbeats.": "D’un cœur, entre ses deux derniers signes de vie.",
    "What programs may still write.": "Ce que les programmes peuvent encore écrire.",
    "Free space that uploads never eat into.": "L’espace libre que les envois n’entament jamais.",
    "The volumes, as this instance of the API sees them. Two folders may lie on one volume.": (
        "Les volumes, tels que les voit cette instance de l’API. Deux dossiers peuvent être sur un même volume."
    ),
    "What it has in RAM.": "Ce qu’il a en mémoire vive.",
    "What it may use at most.": "Ce qu’il peut prendre au plus.",
    "Who sets this limit.": "Qui fixe cette limite.",
    "Jobs since it started.": "Tâches depuis son démarrage.",
    "Of recordings that it wrote down since it started.": "D’enregistrements qu’il a écrits depuis son démarrage.",
    "That it was busy since it started.": "Qu’il a passées occupé depuis son démarrage.",
    "By the clock of its host.": "À l’horloge de sa machine.",
    "Since its last heartbeat.": "Depuis son dernier signe de vie.",
    "What it is at; `null` also between two jobs.": "Ce qu’il fait ; `null` aussi entre deux tâches.",
    "What Redis holds of a queue.": "Ce que Redis a d’une file.",
    "Those whose worker could not even tell the API of their end.": (
        "Celles dont le travailleur n’a pas même pu dire la fin à l’API."
    ),
    "Jobs that are planned, and let into the queue as there is room.": (
        "Tâches prévues, admises dans la file à mesure qu’il y a de la place."
    ),
    "How long the oldest queued job waits; `null`: none does.": (
        "Depuis quand attend la plus ancienne tâche en file ; `null` : aucune n’attend."
    ),
    "A job that came to nothing; retrying its transcription tries it again.": (
        "Une tâche qui n’a rien donné ; réessayer sa transcription la réessaie."
    ),
    "Which 95 of 100 do not exceed.": "Que 95 sur 100 ne dépassent pas.",
    "Of the transcriptions that ended in this time.": "Des transcriptions qui ont pris fin dans ce temps.",
    "Of the transcriptions that ended on a day, in UTC.": "Des transcriptions qui ont pris fin un jour, en UTC.",
    "Parts that came to nothing, of whatever transcriptions.": "Parts qui n’ont rien donné, de toutes transcriptions.",
    "Of recordings that are done.": "D’enregistrements terminés.",
    "From the arrival to the first job; without those that were tried again.": (
        "De l’arrivée à la première tâche ; sans celles qui furent réessayées."
    ),
    "Seconds of work, enrichment included, for one of the recording; without those tried again.": (
        "Secondes de travail, enrichissement compris, pour une de l’enregistrement ; sans celles réessayées."
    ),
    "Each of them, the oldest first.": "Chacun, le plus ancien d’abord.",
    "How many transcriptions are on their way now, by state.": "Combien de transcriptions sont en cours, par état.",
    "Since the worker started.": "Depuis le démarrage du travailleur.",
    "What a worker is at; it has its transcription's id, which is `null` where that is not yours to see.": (
        "Ce que fait un travailleur ; il a l’identifiant de sa transcription, `null` si vous ne pouvez pas la voir."
    ),
    "Seconds since 1970.": "Secondes depuis 1970.",
    "The workers in the shape of the first Vocalyx, each by its name; those that fell silent are left out.": (
        "Les travailleurs dans la forme du premier Vocalyx, chacun par son nom ; sans ceux qui se taisent."
    ),
}

OPERATIONS: Mapping[str, str] = _CHAPTERS | _ROUTES | _FIELDS
