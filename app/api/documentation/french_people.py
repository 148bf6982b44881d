"""The French of logins, users, keys and their scopes, and of attempts that have to wait."""

from collections.abc import Mapping

_ROUTES = {
    "Exchange a name and a password for a cookie, as a page does": (
        "Échanger un nom et un mot de passe contre un cookie, comme le fait une page"
    ),
    "The cookie counts wherever a bearer token does, in requests that come from a page of this very address.": (
        "Le cookie vaut partout où vaut un jeton, dans les requêtes d’une page de cette même adresse."
    ),
    "Say how people can log in on the site's page: by their password, and by the site's provider where it has one": (
        "Dire comment on se connecte sur la page du site : par mot de passe, et par le fournisseur du site s’il en a un"
    ),
    "What a browser opens to log in by the provider and come back to the page; `null`: there is none.": (
        "Ce qu’un navigateur ouvre pour se connecter par le fournisseur et revenir à la page ; `null` : il n’y en a pas."
    ),
    "Exchange the code with which a login has come to the site's page for a cookie, as the page does": (
        "Échanger contre un cookie, comme le fait la page du site, le code avec lequel une connexion y est arrivée"
    ),
    "The request comes from another site": "La requête vient d’un autre site",
    "A login by cookie is taken from pages of this very address alone.": (
        "Une session par cookie n’est acceptée que des pages de cette même adresse."
    ),
    "Send the token as a bearer token instead, or open the page under the address that is in use.": (
        "Envoyez plutôt le jeton en Bearer, ou ouvrez la page à l’adresse en usage."
    ),
    "The login, which no script can read.": "La session, qu’aucun script ne peut lire.",
    "End the login that the cookie, or a bearer token, stands for, and let the browser forget it": (
        "Mettre fin à la session du cookie, ou du jeton, et la faire oublier au navigateur"
    ),
    "After too many failures with a name, or from an address, further attempts wait: 429 says how long.": (
        "Après trop d’échecs avec un nom, ou depuis une adresse, les essais suivants attendent : 429 dit combien de temps."
    ),
    "List your logins that last, the one used last first": (
        "Lister vos sessions en cours, la dernière utilisée en premier"
    ),
    "End all your logins but this one, and what listens on them": (
        "Mettre fin à toutes vos sessions sauf celle-ci, et à ce qui écoute par elles"
    ),
    "End one of your logins, and what listens on it": "Mettre fin à l’une de vos sessions, et à ce qui écoute par elle",
    "Change your password; all your other logins end": (
        "Changer votre mot de passe ; toutes vos autres sessions prennent fin"
    ),
    "List the users of the site by name, a page at a time": "Lister les utilisateurs du site par nom, page par page",
    "Give one user": "Donner un utilisateur",
    "Let a user in or keep them out, make them an administrator or take that back": (
        "Laisser entrer un utilisateur ou non, en faire un administrateur ou revenir là-dessus"
    ),
    "Whoever is kept out is logged out at once. 409 where nobody would be left to administer the site.": (
        "Qui n’entre plus est déconnecté aussitôt. 409 s’il ne restait personne pour administrer le site."
    ),
    "Remove a user for good; what they sent and wrote stays": (
        "Supprimer un utilisateur pour toujours ; ce qu’il a envoyé et écrit reste"
    ),
    "Deactivating keeps the name with it. 409 where nobody would be left to administer the site.": (
        "Le désactiver y garde son nom. 409 s’il ne restait personne pour administrer le site."
    ),
    "Give a user a new password; all logins of the user end": (
        "Donner un nouveau mot de passe à un utilisateur ; toutes ses sessions prennent fin"
    ),
    "End all logins of a user, and what listens on them": (
        "Mettre fin à toutes les sessions d’un utilisateur, et à ce qui écoute par elles"
    ),
    "Put a new API key in the place of one, with the same name, role and scopes": (
        "Remplacer une clé d’API par une nouvelle, de même nom, même rôle et mêmes portées"
    ),
    "The old one ends when the overlap is over; without an overlap at once, and what listens on it.": (
        "L’ancienne prend fin quand le recouvrement est passé ; sans recouvrement aussitôt, avec ce qui écoute par elle."
    ),
    "A key that was narrowed needs `transcriptions:read`.": "Une clé restreinte doit avoir `transcriptions:read`.",
    "A key that was narrowed needs `transcriptions:write`.": "Une clé restreinte doit avoir `transcriptions:write`.",
    "A key that was narrowed needs `projects:read`.": "Une clé restreinte doit avoir `projects:read`.",
    "A key that was narrowed needs `projects:manage`.": "Une clé restreinte doit avoir `projects:manage`.",
}

_FIELDS = {
    "The login, by its id.": "La session, par son identifiant.",
    "The user, by id.": "L’utilisateur, par son identifiant.",
    "The user's address.": "L’adresse de l’utilisateur.",
    "What a key is narrowed to; `null`: all that the role allows.": (
        "Ce à quoi une clé est restreinte ; `null` : tout ce que le rôle permet."
    ),
    "When a key ends; `null`: it does not.": "Quand une clé prend fin ; `null` : jamais.",
    "A login, and what it came with.": "Une session, et ce avec quoi elle est venue.",
    "The one that asks.": "Celle qui demande.",
    "As the program called itself.": "Comme le programme s’est nommé.",
    "Where it came from.": "D’où elle est venue.",
    "The 200 used last.": "Les 200 dernières utilisées.",
    "The old one proves that it is you who is at the screen.": "L’ancien prouve que c’est bien vous qui êtes à l’écran.",
    "`false` ends all logins of the user, and lets nobody in.": (
        "`false` met fin à toutes les sessions de l’utilisateur, et ne le laisse plus entrer."
    ),
    "Those who can log in, or those who cannot.": "Ceux qui peuvent s’identifier, ou ceux qui ne le peuvent pas.",
    "Administrators, or the others.": "Les administrateurs, ou les autres.",
    "Users whose name has this in it; case and accents do not count.": (
        "Ceux dont le nom contient ceci ; ni la casse ni les accents ne comptent."
    ),
    "A key without `scopes` may do all that its role allows; one without `expires_at` does not end.": (
        "Une clé sans `scopes` peut tout ce que son rôle permet ; une clé sans `expires_at` ne prend pas fin."
    ),
    "What the key may do, within its role.": "Ce que la clé peut faire, dans son rôle.",
    "When it ends: RFC 3339, with an offset.": "Quand elle prend fin : RFC 3339, avec un décalage horaire.",
    "For so long the old key works beside the new.": "Pendant ce temps, l’ancienne clé vaut à côté de la nouvelle.",
    "When the new key ends; as the old one where it is left out.": (
        "Quand la nouvelle clé prend fin ; comme l’ancienne si c’est omis."
    ),
    "What an API key may be narrowed to. None holds another one: who sends and reads has both.": (
        "Ce à quoi une clé d’API peut être restreinte. Aucune portée n’en contient une autre : qui envoie et lit a les deux."
    ),
    "Seconds after which to try again.": "Secondes après lesquelles réessayer.",
    "The scope that the key lacks.": "La portée qui manque à la clé.",
}

_PROBLEMS = {
    "The API key has expired": "La clé d’API a expiré",
    "The API key has expired.": "La clé d’API a expiré.",
    "Ask an owner of the project for a new key, or to rotate keys before they end.": (
        "Demandez une nouvelle clé à un propriétaire du projet, ou de remplacer les clés avant leur fin."
    ),
    "The old password is wrong": "L’ancien mot de passe est faux",
    "The old password is not the one that this user has.": "L’ancien mot de passe n’est pas celui de cet utilisateur.",
    "Check it; an administrator can set a new password.": (
        "Vérifiez-le ; un administrateur peut donner un nouveau mot de passe."
    ),
    "The password has to be changed first": "Il faut d’abord changer le mot de passe",
    "An administrator has chosen this password; before anything else it has to be changed.": (
        "Un administrateur a choisi ce mot de passe ; il faut le changer avant toute autre chose."
    ),
    "Change it with PUT /api/auth/password, or on the page; this login is good for everything then.": (
        "Changez-le par PUT /api/auth/password, ou sur la page ; cette connexion vaut ensuite pour tout."
    ),
    "Where an administrator has chosen it, this comes before all else: other requests are answered 403 until then.": (
        "Si un administrateur l’a choisi, cela passe avant tout : jusque-là, les autres requêtes reçoivent 403."
    ),
    "A login by this password is good for changing it alone: `password-change-due` until then.": (
        "Une connexion par ce mot de passe ne sert qu’à le changer : `password-change-due` jusque-là."
    ),
    "Whether this login is good for changing its password alone.": (
        "Si cette connexion ne sert qu’à changer son mot de passe."
    ),
    "Before they do anything else.": "Avant toute autre chose.",
    "There were too many failed attempts": "Il y a eu trop d’essais manqués",
    "There were too many failed attempts with this name, or from this address.": (
        "Il y a eu trop d’essais manqués avec ce nom, ou depuis cette adresse."
    ),
    "Wait for as many seconds as the header Retry-After says, and check the name and the secret.": (
        "Attendez autant de secondes que le dit l’en-tête Retry-After, et vérifiez le nom et le secret."
    ),
    "The API key lacks a scope": "Il manque une portée à la clé d’API",
    "The API key was narrowed to other things than this.": "La clé d’API a été restreinte à autre chose.",
    "Ask an owner of the project for a key with this scope.": (
        "Demandez à un propriétaire du projet une clé qui a cette portée."
    ),
    "The site would have no administrator": "Le site n’aurait plus d’administrateur",
    "This is the last active administrator of the site.": "C’est le dernier administrateur actif du site.",
    "Make somebody else an administrator first.": "Faites d’abord de quelqu’un d’autre un administrateur.",
}

PEOPLE: Mapping[str, str] = _ROUTES | _FIELDS | _PROBLEMS
