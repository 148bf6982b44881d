"""The French of lists, search, and what people say of recordings and write into their text."""

from collections.abc import Mapping

READING: Mapping[str, str] = {
    "Segments": "Segments",
    "What was said, corrected beside what the machine heard.": (
        "Ce qui a été dit, corrigé à côté de ce que la machine a entendu."
    ),
    "List what may be seen, sorted and narrowed, a page at a time": (
        "Lister ce qu’on peut voir, trié et restreint, page par page"
    ),
    "The newest first unless told otherwise. What narrows must hold together. A cursor is good for the `sort` and `order` "
    "that it comes from.": (
        "Les plus récentes d’abord, sauf demande contraire. Tout ce qui restreint vaut ensemble. Un curseur ne vaut que pour "
        "le `sort` et l’`order` dont il vient."
    ),
    "Those in this state; given several times, in any of them.": (
        "Celles dans cet état ; donné plusieurs fois, dans l’un d’eux."
    ),
    "Those in this language, by its code.": "Celles dans cette langue, par son code.",
    "Those with a speaker of this name, the whole name; case and accents do not count.": (
        "Celles qui ont un locuteur de ce nom, le nom entier ; ni la casse ni les accents ne comptent."
    ),
    "Those with this label; given several times, with all of them.": (
        "Celles qui ont cette étiquette ; donnée plusieurs fois, qui les ont toutes."
    ),
    "Those whose name has this in it; case and accents do not count.": (
        "Celles dont le nom contient ceci ; ni la casse ni les accents ne comptent."
    ),
    "Those sent at this moment or later: RFC 3339, with an offset.": (
        "Celles envoyées à ce moment ou après : RFC 3339, avec un décalage horaire."
    ),
    "Those sent before this moment: RFC 3339, with an offset.": (
        "Celles envoyées avant ce moment : RFC 3339, avec un décalage horaire."
    ),
    "By when they were sent, how long they are, or their names.": ("Par moment d’envoi, par durée ou par nom."),
    "By name `asc` where it is left out, else `desc`.": "S’il est omis : `asc` par nom, sinon `desc`.",
    "Change the name, the labels or both": "Changer le nom, les étiquettes ou les deux",
    "412 where somebody else has changed them since you read them: what stands there now is in the answer.": (
        "412 si quelqu’un d’autre les a changés depuis que vous les avez lus : ce qui y est à présent est dans la réponse."
    ),
    "What people say about a transcription; what is left out stays as it is.": (
        "Ce que l’on dit d’une transcription ; ce qui est omis reste tel quel."
    ),
    "One line.": "Une seule ligne.",
    "All of them: these take the place of those that there are.": "Toutes : celles-ci remplacent celles qu’il y a.",
    "The new `etag`.": "Le nouvel `etag`.",
    "The `etag` that you have read, quotes included: 412 where it is another one now. `*` changes whatever is there.": (
        "L’`etag` que vous avez lu, guillemets compris : 412 si c’en est un autre à présent. `*` change ce qui est là, quoi "
        "que ce soit."
    ),
    "The file's, as it was sent, until people give another one.": (
        "Celui du fichier, tel qu’envoyé, tant qu’on n’en donne pas un autre."
    ),
    "Of the name and the labels alone, quotes included: for `If-Match`.": (
        "Du nom et des étiquettes seulement, guillemets compris : pour `If-Match`."
    ),
    "Find where something was said, the best recordings first, each with its best segments": (
        "Trouver où quelque chose a été dit, les meilleurs enregistrements d’abord, chacun avec ses meilleurs segments"
    ),
    "Words are found by their stems in French and English, whatever their case and accents. What is searched is what "
    "readers see: corrected text, and no longer the machine's.": (
        "Les mots se trouvent par leur radical en français et en anglais, quels que soient la casse et les accents. On "
        "cherche dans ce que voit le lecteur : le texte corrigé, et non plus celui de la machine."
    ),
    'Words, all of them in one segment; `"a phrase"`; `or`; `-` before what must not be there.': (
        'Des mots, tous dans un même segment ; `"une suite de mots"` ; `or` (ou) ; `-` devant ce qui ne doit pas y être.'
    ),
    "A piece of text, and no HTML. Joined, the pieces are the text around what was found.": (
        "Un morceau de texte, et non de HTML. Mis bout à bout, les morceaux sont le texte autour de ce qui a été trouvé."
    ),
    "Whether this is what was looked for.": "Si c’est ce que l’on cherchait.",
    "The higher, the better.": "Plus il est haut, mieux c’est.",
    "In how many segments it was found.": "Dans combien de segments cela a été trouvé.",
    "The best five, in order of time.": "Les cinq meilleurs, dans l’ordre du temps.",
    "Whether only a part of all was ranked together; what is older comes on later pages.": (
        "Si une partie seulement a été classée ensemble ; ce qui est plus ancien vient aux pages suivantes."
    ),
    "The segment, by its `position`.": "Le segment, par sa `position`.",
    "Give one segment, with the entity tag of its text": "Donner un segment, avec l’étiquette d’entité de son texte",
    "The `etag` of its text.": "L’`etag` de son texte.",
    "Say what was said; the machine's text is kept beside it": (
        "Dire ce qui a été dit ; le texte de la machine est gardé à côté"
    ),
    "412 where somebody else has changed the text since you read it: what stands there now is in the answer.": (
        "412 si quelqu’un d’autre a changé le texte depuis que vous l’avez lu : celui qui y est à présent est dans la réponse."
    ),
    "What was said; empty where nobody said anything.": "Ce qui a été dit ; vide si personne n’a rien dit.",
    "A key that was narrowed and lacks `transcriptions:read` is shown nothing of what was said: neither the text nor what a "
    "model has written of it.": (
        "Une clé restreinte à laquelle manque `transcriptions:read` ne voit rien de ce qui a été dit : ni le texte, ni ce "
        "qu’un modèle en a écrit."
    ),
    "A key that was narrowed needs `transcriptions:read`, too: the answer has what was said.": (
        "Une clé restreinte a aussi besoin de `transcriptions:read` : la réponse contient ce qui a été dit."
    ),
    "Put the segment back to the machine's text": "Revenir au texte de la machine pour ce segment",
    "Give the changes of a segment's text, the newest first: who made them, when, and what stood there before and after": (
        "Donner les changements du texte d’un segment, les plus récents d’abord : qui, quand, et ce qu’il y avait avant et après"
    ),
    "The newest 200.": "Les 200 plus récents.",
    "With people's corrections.": "Avec les corrections faites.",
    "As it was recognised.": "Tel que reconnu.",
    "Those of `text`.": "Ceux de `text`.",
    "Of the text alone, quotes included: for `If-Match`. `null` while more text may come.": (
        "Du texte seulement, guillemets compris : pour `If-Match`. `null` tant qu’il peut venir encore du texte."
    ),
    "A user's or a key's name; `null` where nobody did it.": (
        "Le nom d’un utilisateur ou d’une clé ; `null` si personne ne l’a fait."
    ),
    "What stands there now, where a change was made to something else: as the route answers it.": (
        "Ce qui est là à présent, si l’on a voulu changer autre chose : tel que la route le donne."
    ),
    "The state is not the one that the request is for": "L’état n’est pas celui que vise la requête",
    "What is here does not have the entity tag that If-Match names.": (
        "Ce qui est ici n’a pas l’étiquette d’entité que nomme If-Match."
    ),
    "The request must say what it changes": "La requête doit dire ce qu’elle change",
    "The request has no If-Match header.": "La requête n’a pas d’en-tête If-Match.",
    "Send If-Match with the entity tag ('etag') that you have read, or '*' to change whatever is there.": (
        "Envoyez If-Match avec l’étiquette d’entité ('etag') que vous avez lue, ou '*' pour changer ce qui est là."
    ),
}
