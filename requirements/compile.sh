#!/usr/bin/env bash
# Locks every requirements/*.in with hashes; run by `make lock` (arguments go to uv: --upgrade, --upgrade-package NAME).
# models.txt is not among them: its wheels are data, pinned by hand where the demo models are described.
set -euo pipefail
cd "$(dirname "$0")"
uv=${UV:-uv}
flags=(--python-version 3.11 --generate-hashes --no-header --annotation-style=line --quiet --no-emit-index-url)
read -ra links <<<"${PIP_FIND_LINKS:-}"
for link in "${links[@]}"; do flags+=(--find-links "$link"); done

# torch's CPU build: where this machine's pip looks if it is there, else at its makers' own index (see install.py).
if ! "$uv" pip compile "${flags[@]}" --no-deps transcription.in -o /dev/null 2>/dev/null; then
  flags+=(--extra-index-url "$(python3.11 install.py --print-torch-index)" --index-strategy unsafe-best-match)
fi

for name in tools lock build compiler core dashboard transcription enrichment queue_dashboard dev deploy; do
  "$uv" pip compile "${flags[@]}" "$name.in" -o "$name.txt" "$@"
done

# A lock says what, never from where: no path of this machine, no host of an index.
if grep -nE '(^|[[:space:]])(--|-f |-i )(find-links|index-url|extra-index-url)|https?://|file:|^/' ./*.txt; then
  echo "A lock names the place that something came from (above); it must hold names, versions and hashes only." >&2
  exit 1
fi
