"""Installed models: what lies in the models directory, and how the demo models get there.

Light enough for the API: importing this package loads neither torch nor any engine.
"""

from app.catalog.installed import InstalledModel, ModelKind, find, installed

__all__ = ["InstalledModel", "ModelKind", "find", "installed"]
