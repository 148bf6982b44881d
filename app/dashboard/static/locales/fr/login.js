export const login = {
  "login.title": "Connexion",
  "login.username": "Nom d’utilisateur",
  "login.password": "Mot de passe",
  "login.submit": "Se connecter",
  "login.ended": "Votre session a pris fin. Reconnectez-vous : ce que vous faisiez est toujours là.",
  "error.wrong-credentials": "Le nom d’utilisateur ou le mot de passe est faux.",
  "error.too-many-attempts": "Trop d’essais. Attendez quelques minutes et réessayez.",
};
