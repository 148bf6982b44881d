export const login = {
  "login.title": "Log in",
  "login.username": "User name",
  "login.password": "Password",
  "login.submit": "Log in",
  "login.ended": "Your login has ended. Log in again: what you were doing is still there.",
  "error.wrong-credentials": "The user name or the password is wrong.",
  "error.too-many-attempts": "Too many attempts. Wait a few minutes and try again.",
};
