export const login = {
  "login.title": "Connexion",
  "login.username": "Nom d’utilisateur",
  "login.password": "Mot de passe",
  "login.submit": "Se connecter",
  "login.ended": "Votre session a pris fin. Reconnectez-vous : ce que vous faisiez est toujours là.",
  "error.wrong-credentials": "Le nom d’utilisateur ou le mot de passe est faux.",
  "error.too-many-attempts": "Trop d’essais. Attendez quelques minutes et réessayez.",
  "login.or": "ou",
  "login.provider": "Se connecter avec le compte de votre organisation",
  "error.oidc-login-unknown": "Cette connexion a expiré ou a commencé dans un autre navigateur. Recommencez.",
  "error.cross-site-request": "La page est ouverte à une adresse que le site ne connaît pas. Ouvrez-la à l’adresse du site.",
};
