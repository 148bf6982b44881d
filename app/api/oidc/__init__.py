"""Logins by a provider of OpenID Connect: the authorisation code flow, with PKCE."""
