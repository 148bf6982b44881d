"""What can go wrong with models and their files, each with the way out."""

from app.core.errors import VocalyxError


class ModelDamaged(VocalyxError):
    """The model's file is missing, incomplete, changed, or not one that the engine reads."""

    code = "model-damaged"
    title = "The model cannot be read"
    default_remedy = "Ask the operator to install the model again, or choose another one."


class ModelPullFailed(VocalyxError):
    """A model could not be had from a hub. What was installed before is untouched, and what arrived is kept."""

    code = "model-pull-failed"
    title = "The model could not be pulled"


class ModelRefused(VocalyxError):
    """A folder or file is not a model that can be installed as it is."""

    code = "model-refused"
    title = "This is not a model that can be installed"


class ModelsFolderUnwritable(VocalyxError):
    code = "models-folder-unwritable"
    title = "The models directory cannot be written"
    default_remedy = "Let this account write there, or name another folder with --models-dir or VOCALYX_MODELS_DIR."


class NotEnoughSpace(VocalyxError):
    """The volume of the models directory has too little room. Nothing was written."""

    code = "not-enough-space"
    title = "There is no room for the model"
    default_remedy = "Free some space ('vocalyx models remove NAME'), or set VOCALYX_MODELS_DIR to a larger volume."
