"""Why a one-machine instance cannot start: for people at a terminal, so each says the way out."""

from app.core.errors import VocalyxError


class CannotStart(VocalyxError):
    code = "cannot-start"
    title = "The instance cannot start"


class AlreadyRunning(CannotStart):
    code = "already-running"
    title = "An instance is running on this state folder"
