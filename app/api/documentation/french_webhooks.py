"""The French of webhooks, and of changes as server-sent events."""

from collections.abc import Mapping

WEBHOOKS: Mapping[str, str] = {
    "Webhooks": "Webhooks",
    "What happens in a project, told to other programs: signed, and sent again until it has arrived.": (
        "Ce qui arrive dans un projet, dit à d’autres programmes : signé, et renvoyé jusqu’à ce que ce soit arrivé."
    ),
    "List the webhooks of a project": "Lister les webhooks d’un projet",
    "Add a webhook": "Ajouter un webhook",
    "The secret that its messages are signed with is in this answer, and in no later one.": (
        "Le secret dont ses messages sont signés est dans cette réponse, et dans aucune autre ensuite."
    ),
    "The webhook's address.": "L’adresse du webhook.",
    "A webhook that is to be; one that is not `active` is told nothing yet.": (
        "Un webhook à créer ; s’il n’est pas `active`, rien ne lui est dit encore."
    ),
    "Where messages are sent: a public address, `http` or `https`.": (
        "Où les messages sont envoyés : une adresse publique, `http` ou `https`."
    ),
    "What it is told of.": "Ce qui lui est dit.",
    "For those who read the list.": "Pour qui lit la liste.",
    "Give a webhook, without its secret": "Donner un webhook, sans son secret",
    "Change a webhook, or switch it off or on": "Changer un webhook, le désactiver ou l’activer",
    "While it is off nothing new is noted for it, and what waits to be sent waits on.": (
        "Tant qu’il est inactif, rien de nouveau n’est noté pour lui, et ce qui attend d’être envoyé attend encore."
    ),
    "What is left out stays as it is; at least one field is needed.": (
        "Ce qui est omis reste tel quel ; il faut au moins un champ."
    ),
    "Remove a webhook, with the log of what it was told; what waits to be sent is not sent any more": (
        "Supprimer un webhook et le journal de ce qui lui fut dit ; ce qui attend d’être envoyé ne l’est plus"
    ),
    "Give a webhook a new secret, which is in this answer and in no later one": (
        "Donner à un webhook un nouveau secret, qui est dans cette réponse et dans aucune autre ensuite"
    ),
    "For some time messages have two signatures, one by each secret. A secret of before the last rotation ends at once.": (
        "Pendant un temps, les messages portent deux signatures, une par secret. Un secret d’avant la dernière rotation "
        "prend fin aussitôt."
    ),
    "For so long the secret of before signs beside the new one.": (
        "Pendant ce temps, le secret d’avant signe à côté du nouveau."
    ),
    "So long the secret of before signs beside the present one.": (
        "Jusque-là, le secret d’avant signe à côté du présent."
    ),
    "Test a webhook: have a message of the type `ping` sent, once": (
        "Essayer un webhook : faire envoyer, une fois, un message du type `ping`"
    ),
    "What came of it is read like that of every other message. 409 where the webhook is switched off.": (
        "Ce qu’il en est advenu se lit comme pour tout autre message. 409 si le webhook est inactif."
    ),
    "List what a webhook is told, the newest first, with what came of each time that it was sent": (
        "Lister ce qui est dit à un webhook, le plus récent d’abord, avec ce qu’il advint de chaque envoi"
    ),
    "Give a message, with what came of each time that it was sent": (
        "Donner un message, avec ce qu’il advint de chaque envoi"
    ),
    "Have a message sent again, at once and whatever came of it, under the same `webhook-id`": (
        "Faire renvoyer un message, aussitôt et quoi qu’il en soit advenu, sous le même `webhook-id`"
    ),
    "409 where the webhook is switched off, or the message is on its way at this moment.": (
        "409 si le webhook est inactif, ou si le message est en route à cet instant."
    ),
    "The webhook.": "Le webhook.",
    "The message, by the `webhook-id` that it is sent with.": "Le message, par le `webhook-id` avec lequel il est envoyé.",
    "Those of which this came.": "Ceux dont il est advenu ceci.",
    "Why it was switched off by itself; `null` where it was not.": (
        "Pourquoi il fut désactivé de lui-même ; `null` s’il ne le fut pas."
    ),
    "Nothing has arrived since then.": "Rien n’est arrivé depuis.",
    "What messages are signed with. It is in this answer, and in no later one.": (
        "Ce dont les messages sont signés. Il est dans cette réponse, et dans aucune autre ensuite."
    ),
    "What came of sending a message once.": "Ce qu’il advint d’un envoi.",
    "The receiver's; `null` where there was no answer.": "Celui du destinataire ; `null` s’il n’y eut pas de réponse.",
    "`null` where the message arrived.": "`null` si le message est arrivé.",
    "How the body of the answer begins.": "Comment commence le corps de la réponse.",
    "A message: what it says, and what came of each time that it was sent.": (
        "Un message : ce qu’il dit, et ce qu’il advint de chaque envoi."
    ),
    "Sent as `webhook-id`, the same each time.": "Envoyé comme `webhook-id`, le même à chaque fois.",
    "When it is sent next, while it is `pending`.": "Quand il est envoyé la prochaine fois, tant qu’il est `pending`.",
    "As it is sent.": "Tel qu’il est envoyé.",
    "The last 50, the oldest first.": "Les 50 derniers, le plus ancien d’abord.",
    "What a webhook may be told of.": "Ce qui peut être dit à un webhook.",
    "`transcription.transcribed` is told whenever a text becomes readable, also where no enrichment follows and "
    "`transcription.done` comes at once.": (
        "`transcription.transcribed` est dit dès qu’un texte devient lisible, même si aucun enrichissement ne suit et que "
        "`transcription.done` vient aussitôt."
    ),
    "Why a webhook was switched off by itself: its receiver said so (410), or nothing arrived for too long.": (
        "Pourquoi un webhook fut désactivé de lui-même : son destinataire l’a dit (410), ou rien n’est arrivé trop longtemps."
    ),
    "Send the messages of the WebSocket as server-sent events": (
        "Envoyer les messages du WebSocket en événements du serveur (SSE)"
    ),
    "The `id` of each is its cursor, so that clients of such streams resume by themselves where they were cut off.": (
        "L’`id` de chacun est son curseur : les clients de tels flux reprennent d’eux-mêmes où ils furent coupés."
    ),
    "The `id` of the last message that you received; it goes before `after`.": (
        "L’`id` du dernier message reçu ; il passe avant `after`."
    ),
    "Messages without end, as docs/api.md tells them.": "Des messages sans fin, ceux que dit docs/api.md.",
}
