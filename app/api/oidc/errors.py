"""What can go wrong on the way to a provider and back."""

from app.core.audit import Action
from app.core.errors import DependencyDown, VocalyxError


class OidcNotConfigured(VocalyxError):
    status = 409
    code = "oidc-not-configured"
    title = "This site has no provider of logins"
    default_detail = "Logins by OpenID Connect are not set up here."
    default_remedy = "Log in with a name and a password at POST /api/auth/token; operators set VOCALYX_OIDC_ISSUER."


class OidcLoginUnknown(VocalyxError):
    """The same for a login that was never begun, is over, was ended before, or was begun in another browser."""

    status = 400
    code = "oidc-login-unknown"
    title = "This login is not one that can be finished"
    default_detail = "The login was not begun in this browser, took longer than it may, or was finished before."
    default_remedy = "Begin again at /api/auth/oidc/login, with cookies allowed, and finish within ten minutes."
    audited_as = Action.LOGIN_FAILED


class OidcDenied(VocalyxError):
    status = 403
    code = "oidc-denied"
    title = "The login was denied"
    default_detail = "The provider did not let the login pass."
    default_remedy = "Begin again at /api/auth/oidc/login, and agree there; or ask who administers the provider."
    audited_as = Action.LOGIN_FAILED


class OidcAnswerUnusable(VocalyxError):
    """What the provider says does not hold: whoever logs in can do nothing about it."""

    status = 502
    code = "oidc-answer-unusable"
    title = "The provider's answer cannot be used"
    default_detail = "The provider of logins answered with something that does not hold."
    default_remedy = (
        "Begin again; if it happens again, tell your administrator, whose settings may not fit the provider."
    )
    audited_as = Action.LOGIN_FAILED


class OidcProviderDown(DependencyDown):
    code = "oidc-provider-down"
    title = "The provider of logins does not answer"
    default_detail = "The provider of logins could not be reached, or is not able to answer."
    default_remedy = "Begin again in a minute; who has a password can log in at POST /api/auth/token."
