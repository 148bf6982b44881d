"""The French of the audit log, and of logins by a provider of OpenID Connect."""

from collections.abc import Mapping

AUDIT: Mapping[str, str] = {
    "Audit log": "Journal d’audit",
    "Who did what, on what, when, and from where. Nothing in it is ever changed.": (
        "Qui a fait quoi, sur quoi, quand et d’où. Rien n’y est jamais changé."
    ),
    "Give the audit log, the newest entry first, a page at a time": (
        "Donner le journal d’audit, l’entrée la plus récente d’abord, page par page"
    ),
    "Give what the audit log tells of a project, the newest entry first, a page at a time": (
        "Donner ce que le journal d’audit dit d’un projet, l’entrée la plus récente d’abord, page par page"
    ),
    "What others tried in it and were refused is part of that.": "Ce que d’autres y ont tenté et qui fut refusé en fait partie.",
    "Entries of this action; given several times, of any of them.": (
        "Les entrées de cette action ; donnée plusieurs fois, de l’une d’elles."
    ),
    "Entries of this user, key (`key:` and its name) or account of the server, by name or id.": (
        "Les entrées de cet utilisateur, de cette clé (`key:` et son nom) ou de ce compte du serveur, par nom ou identifiant."
    ),
    "Entries of this moment or later: RFC 3339, with an offset.": (
        "Les entrées de ce moment ou d’après : RFC 3339, avec un décalage horaire."
    ),
    "Entries before this moment: RFC 3339, with an offset.": (
        "Les entrées d’avant ce moment : RFC 3339, avec un décalage horaire."
    ),
    "Entries about this project, by id; it may be deleted meanwhile.": (
        "Les entrées qui concernent ce projet, par identifiant ; il peut avoir été supprimé depuis."
    ),
    "Who did it. `command` is a command line on the server, under the account that `name` says.": (
        "Qui l’a fait. `command` est une ligne de commande sur le serveur, sous le compte que dit `name`."
    ),
    "The user's or the key's.": "Celui de l’utilisateur ou de la clé.",
    "As it was then; a key's with `key:` before it.": "Tel qu’il était alors ; celui d’une clé, précédé de `key:`.",
    "What it was done to.": "Ce à quoi on l’a fait.",
    "The higher, the later.": "Plus il est haut, plus c’est tard.",
    "Stable, for programs. A later release may add some.": (
        "Stable, pour les programmes. Une version ultérieure peut en ajouter."
    ),
    "`refused`: it was tried, and nothing was done.": "`refused` : on l’a tenté, et rien ne fut fait.",
    "Where the request came from.": "D’où la requête est venue.",
    "Also in the server's log.": "Aussi dans le journal du serveur.",
    "What else is worth knowing, by action. No secrets, no texts.": (
        "Ce qu’il faut encore savoir, selon l’action. Ni secrets, ni textes."
    ),
    "`null`: this is the last page.": "`null` : c’est la dernière page.",
    "Begin a login at the site's provider of OpenID Connect: open it in a browser": (
        "Commencer une connexion chez le fournisseur OpenID Connect du site : à ouvrir dans un navigateur"
    ),
    "409 where the site has none.": "409 si le site n’en a pas.",
    "`json`: the browser is shown the token, to copy into a program. `page`: it goes to the site's page, where the "
    "operator has set one, and does so where this is left out.": (
        "`json` : le navigateur montre le jeton, à copier dans un programme. `page` : il va à la page du site, si "
        "l’exploitant en a réglé une, et le fait aussi si ceci est omis."
    ),
    "On to the provider.": "Suite chez le fournisseur.",
    "Where to log in.": "Où se connecter.",
    "What ties the login to this browser.": "Ce qui lie la connexion à ce navigateur.",
    "Finish a login: the provider sends the browser here": "Finir une connexion : le fournisseur envoie le navigateur ici",
    "At the first login a user is made, without a password. A user who is here already is never taken over by name: 409, "
    "until an administrator links the two.": (
        "À la première connexion, un utilisateur est créé, sans mot de passe. Celui qui est déjà là n’est jamais repris par "
        "son nom : 409, jusqu’à ce qu’un administrateur lie les deux."
    ),
    "The issuer, where the provider names it.": "L’émetteur, si le fournisseur le nomme.",
    "Why there is no code.": "Pourquoi il n’y a pas de code.",
    "On to the site's page, with a `code` behind the `#` of its address, or, where a person's browser asks (`Accept: "
    "text/html`) and the login is refused, with the `error`: a problem's code.": (
        "Vers la page du site, avec un `code` derrière le `#` de son adresse ou, si c’est le navigateur d’une personne qui "
        "demande (`Accept: text/html`) et que la connexion est refusée, avec `error` : le code d’un problème."
    ),
    "The page.": "La page.",
    "What ties the code to this browser.": "Ce qui lie le code à ce navigateur.",
    "Exchange the code with which a login has come to the site's page for a bearer token": (
        "Échanger contre un jeton le code avec lequel une connexion est arrivée à la page du site"
    ),
    "Once, within a minute, and by the browser that logged in.": (
        "Une fois, dans la minute, et par le navigateur qui s’est connecté."
    ),
    "The `code` in the page's address.": "Le `code` dans l’adresse de la page.",
    "Say which subject of the provider a user is, who from then on logs in there, too": (
        "Dire quel sujet du fournisseur est un utilisateur, qui dès lors s’y connecte aussi"
    ),
    "Whoever the provider knows by this subject becomes that user here: be sure of it. It takes the place of any other one.": (
        "Qui le fournisseur connaît par ce sujet devient cet utilisateur ici : soyez-en sûr. Il remplace tout autre sujet."
    ),
    "The `sub` by which the provider knows the user.": "Le `sub` par lequel le fournisseur connaît l’utilisateur.",
    "Which subject of the provider of logins a user is.": "Quel sujet du fournisseur de connexions est un utilisateur.",
    "Take away that a user logs in by the provider, and end the logins of this user": (
        "Retirer à un utilisateur la connexion par le fournisseur, et mettre fin à ses sessions"
    ),
    "This site has no provider of logins": "Ce site n’a pas de fournisseur de connexions",
    "Logins by OpenID Connect are not set up here.": "La connexion par OpenID Connect n’est pas réglée ici.",
    "Log in with a name and a password at POST /api/auth/token; operators set VOCALYX_OIDC_ISSUER.": (
        "Connectez-vous par nom et mot de passe avec POST /api/auth/token ; l’exploitant règle VOCALYX_OIDC_ISSUER."
    ),
    "This login is not one that can be finished": "Cette connexion ne peut être finie",
    "The login was not begun in this browser, took longer than it may, or was finished before.": (
        "La connexion n’a pas été commencée dans ce navigateur, a duré plus qu’elle ne peut, ou fut déjà finie."
    ),
    "Begin again at /api/auth/oidc/login, with cookies allowed, and finish within ten minutes.": (
        "Recommencez à /api/auth/oidc/login, en acceptant les cookies, et finissez dans les dix minutes."
    ),
    "The login was denied": "La connexion a été refusée",
    "The provider did not let the login pass.": "Le fournisseur n’a pas laissé passer la connexion.",
    "Begin again at /api/auth/oidc/login, and agree there; or ask who administers the provider.": (
        "Recommencez à /api/auth/oidc/login, et acceptez là-bas ; ou demandez à qui administre le fournisseur."
    ),
    "The provider's answer cannot be used": "La réponse du fournisseur ne peut servir",
    "The provider of logins answered with something that does not hold.": (
        "Le fournisseur de connexions a répondu par quelque chose qui ne tient pas."
    ),
    "Begin again; if it happens again, tell your administrator, whose settings may not fit the provider.": (
        "Recommencez ; si cela se répète, dites-le à votre administrateur : ses réglages ne vont peut-être pas au fournisseur."
    ),
    "The provider of logins does not answer": "Le fournisseur de connexions ne répond pas",
    "The provider of logins could not be reached, or is not able to answer.": (
        "Le fournisseur de connexions n’a pu être joint, ou n’est pas en état de répondre."
    ),
    "Begin again in a minute; who has a password can log in at POST /api/auth/token.": (
        "Recommencez dans une minute ; qui a un mot de passe peut se connecter avec POST /api/auth/token."
    ),
    "Somebody here has this name already": "Quelqu’un ici a déjà ce nom",
    "A user of this name is here already, and is not linked with the provider's.": (
        "Un utilisateur de ce nom est déjà ici, et n’est pas lié à celui du fournisseur."
    ),
    "If that is you, ask an administrator to link the two: the subject is in the audit log, under login.failed.": (
        "Si c’est vous, demandez à un administrateur de lier les deux : le sujet est dans le journal d’audit, sous login.failed."
    ),
    "The provider gives no name for a new user": "Le fournisseur ne donne pas de nom pour un nouvel utilisateur",
    "The claim that names new users is missing, or is no name that a user can have here.": (
        "L’attribut qui nomme les nouveaux utilisateurs manque, ou n’est pas un nom qu’on puisse avoir ici."
    ),
    "Operators: name another claim in VOCALYX_OIDC_NAME_CLAIM, or have the provider put it into the id_token.": (
        "Exploitants : nommez un autre attribut dans VOCALYX_OIDC_NAME_CLAIM, ou faites-le mettre dans l’id_token."
    ),
    "This user may not log in": "Cet utilisateur ne peut se connecter",
    "The user was deactivated here, whatever the provider says.": (
        "L’utilisateur a été désactivé ici, quoi que dise le fournisseur."
    ),
    "Ask an administrator of the site.": "Demandez à un administrateur du site.",
}
