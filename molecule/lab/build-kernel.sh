#!/usr/bin/env bash
# Builds a User-Mode Linux kernel from Debian's source: build-kernel.sh CONFIGURATION RESULT (called by kernel.py).
set -euo pipefail
configuration=$1 result=$2 suite=forky
build=$(mktemp -d "$result.XXXX")
trap 'rm -rf "$build"' EXIT

# The source comes from the machine's own mirror, from a later Debian than the machine's: lists of its own, so that apt
# on this machine sees nothing of it.
mkdir -p "$build"/apt/lists/partial
mirror=$(apt-get indextargets --format '$(SITE) $(RELEASE)' | awk '$2 == "bookworm" { print $1; exit }')
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $mirror $suite main" >"$build/apt/sources.list"
apt=(-o "Dir::Etc::sourcelist=$build/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$build/apt/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=)
apt-get "${apt[@]}" --quiet update
package=$(apt-cache "${apt[@]}" depends linux-source | awk '/Depends:/ { print $2; exit }')
cd "$build"
apt-get "${apt[@]}" --quiet download "$package"
dpkg --extract "$package"_*.deb .
tar --extract --file "usr/src/$package.tar.xz"
cd "$package"

# With several processors the driver takes the locks of queues that a tap does not have.
sed -i -E 's/^(\s*)spin_(un)?lock\(&vp->(rx|tx)_queue->head_lock\);/\1if (vp->\3_queue)\n\1\tspin_\2lock(\&vp->\3_queue->head_lock);/' \
  arch/um/drivers/vector_kern.c

make ARCH=um defconfig
scripts/kconfig/merge_config.sh -m -O . .config "$configuration"
make ARCH=um olddefconfig
make ARCH=um -j"$(nproc)" linux
strip -o "$build/linux" linux
mv "$build/linux" "$result"
