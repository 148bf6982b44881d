"""What the uploads volume's errors mean to a client."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.core.errors import DependencyDown, StorageFull

logger = logging.getLogger(__name__)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn an `OSError` of the volume into `StorageFull` or `DependencyDown`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull from error
        logger.warning("the uploads volume does not take the file: %s", error)
        raise DependencyDown("The uploads volume does not answer.") from error
