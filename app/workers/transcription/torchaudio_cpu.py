"""Make torchaudio importable beside a CPU build of torch: `python -m app.workers.transcription.torchaudio_cpu`.

The Python package index has torchaudio as a CUDA build only. Its native libraries link to `libc10_cuda.so`, which a CPU
build of torch does not have, and `import torchaudio` (so `import pyannote.audio`) fails on them. torchaudio runs without
them as well: what Vocalyx calls (resampling, the Kaldi filter bank) is pure Python. Where they cannot be loaded they are
renamed, so that torchaudio no longer finds them; where they can, nothing is touched. Running it again changes nothing.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

SET_ASIDE_SUFFIX = ".set-aside"
IMPORT_TIMEOUT_SECONDS = 120


def native_libraries() -> list[Path]:
    """Return torchaudio's native libraries that an import would load; none where torchaudio is not installed.

    torchaudio itself is not imported: the import is what fails.
    """
    spec = importlib.util.find_spec("torchaudio")
    if spec is None or spec.origin is None:
        return []
    return sorted((Path(spec.origin).parent / "lib").glob("*.so"))


def is_importable() -> bool:
    """Tell whether a fresh interpreter can import torchaudio (a failed import leaves half a module behind in this one)."""
    command = [sys.executable, "-c", "import torchaudio"]
    return subprocess.run(command, capture_output=True, check=False, timeout=IMPORT_TIMEOUT_SECONDS).returncode == 0


def set_native_libraries_aside() -> list[Path]:
    """Rename the native libraries where torchaudio cannot be imported with them; return what was renamed."""
    libraries = native_libraries()
    if not libraries or is_importable():
        return []
    for library in libraries:
        library.rename(library.with_name(library.name + SET_ASIDE_SUFFIX))
    return libraries


def main() -> int:
    """Set the libraries aside and say so. Status 1 where torchaudio is installed and still cannot be imported."""
    renamed = set_native_libraries_aside()
    if renamed:
        sys.stderr.write(f"torchaudio: {len(renamed)} CUDA libraries set aside (torch here is a CPU build)\n")
        if not is_importable():
            sys.stderr.write("torchaudio cannot be imported even so: check that its version goes with torch's\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
