export const login = {
  "login.title": "Log in",
  "login.username": "User name",
  "login.password": "Password",
  "login.submit": "Log in",
  "login.ended": "Your login has ended. Log in again: what you were doing is still there.",
  "error.wrong-credentials": "The user name or the password is wrong.",
  "error.too-many-attempts": "Too many attempts. Wait a few minutes and try again.",
  "login.or": "or",
  "login.provider": "Log in with your organisation’s account",
  "error.oidc-login-unknown": "This login has ended or was begun in another browser. Begin again.",
  "error.cross-site-request": "The page is open under an address that the site does not know. Open it under the site’s own address.",
};
