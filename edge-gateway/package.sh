#!/usr/bin/env bash
# Builds the gateway's Debian packages: cart-gateway and cartctl with the runtime that they need.
#   bash edge-gateway/package.sh                            # amd64 and arm64 into artifacts/package
#   bash edge-gateway/package.sh --arch arm64 --out DIR
#   bash edge-gateway/package.sh --arch amd64 --binaries DIR # packs what was published before
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source=$root/edge-gateway
out=$root/artifacts/package
binaries=
architectures=()

stop() {
  echo "package.sh: $1" >&2
  exit "${2:-1}"
}

while [ $# -gt 0 ]; do
  case "$1 ${2-}" in
    "--arch amd64" | "--arch arm64") architectures+=("$2") ;;
    --arch\ *) stop "--arch is amd64 or arm64" 2 ;;
    --out\ ?*) out=$2 ;;
    --binaries\ ?*) binaries=$2 ;;
    *) stop "usage: bash edge-gateway/package.sh [--arch amd64|arm64]... [--out DIR] [--binaries DIR]" 2 ;;
  esac
  shift 2
done
[ ${#architectures[@]} -gt 0 ] || architectures=(amd64 arm64)
[ -z "$binaries" ] || [ ${#architectures[@]} -eq 1 ] || stop "--binaries are of one architecture: name it with --arch" 2
[ -z "$binaries" ] || { [ -f "$binaries/cart-gateway" ] && [ -f "$binaries/cartctl" ]; } || stop "$binaries has no cart-gateway or no cartctl"
command -v dpkg-deb > /dev/null || stop "dpkg-deb is absent; on Debian it is in the package dpkg"

version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' "$root/Directory.Build.props")
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || stop "Directory.Build.props has no version of three numbers"

# Times inside the package are those of the source: the same source and binaries give the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2> /dev/null || echo 0)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out" "$work/locks"

publish() { # architecture, folder
  local runtime=linux-x64 project
  [ "$1" = amd64 ] || runtime=linux-arm64
  for project in Gateway Tool; do
    # Beside the ordinary build, and with lock files of its own: a runtime of one architecture would be written into the repository's.
    "${DOTNET:-dotnet}" publish "$source/$project" -c Release -r "$runtime" --self-contained -o "$2" \
      -p:ArtifactsPath="$work/build" -p:LockFileFolder="$work/locks" -p:GenerateDocumentationFile=false --nologo -v quiet
  done
}

for architecture in "${architectures[@]}"; do
  tree=$work/$architecture
  mkdir -p "$tree/DEBIAN" "$tree/usr/lib/cart-gateway" "$tree/usr/bin" "$tree/usr/lib/sysusers.d" "$tree/lib/systemd/system" "$tree/usr/share/doc/cart-gateway/examples"
  if [ -n "$binaries" ]; then
    cp -R "$binaries/." "$tree/usr/lib/cart-gateway/"
  else
    publish "$architecture" "$tree/usr/lib/cart-gateway"
  fi

  ln -s ../lib/cart-gateway/cart-gateway "$tree/usr/bin/cart-gateway"
  ln -s ../lib/cart-gateway/cartctl "$tree/usr/bin/cartctl"
  cp "$source/Package/cart-gateway.service" "$tree/lib/systemd/system/"
  cp "$source/Package/cart-gateway.sysusers" "$tree/usr/lib/sysusers.d/cart-gateway.conf"
  cp "$source/Package/README.md" "$tree/usr/share/doc/cart-gateway/"
  cp "$root/LICENSE" "$tree/usr/share/doc/cart-gateway/copyright"
  cp "$source/Gateway/gateway.example.yaml" "$source/Gateway/gateway.schema.json" "$tree/usr/share/doc/cart-gateway/examples/"

  find "$tree" -type d -exec chmod 0755 {} +
  find "$tree" -type f -exec chmod 0644 {} +
  chmod 0755 "$tree/usr/lib/cart-gateway/cart-gateway" "$tree/usr/lib/cart-gateway/cartctl"
  [ ! -f "$tree/usr/lib/cart-gateway/createdump" ] || rm "$tree/usr/lib/cart-gateway/createdump" # no dump is ever made

  cat > "$tree/DEBIAN/control" << CONTROL
Package: cart-gateway
Version: $version
Architecture: $architecture
Maintainer: The contributors <noreply@example.invalid>
Section: net
Priority: optional
Installed-Size: $(find "$tree/usr" -type f -printf '%s\n' | awk '{ sum += $1 } END { print int((sum + 1023) / 1024) }')
Depends: libc6 (>= 2.27), libgcc-s1, libstdc++6, libssl3 | libssl3t64, ca-certificates, systemd (>= 252), init-system-helpers (>= 1.60), mawk | gawk | original-awk
Description: gateway of a telemedicine cart, and cartctl
 Takes in what a cart's pods measure, keeps it, and delivers it to the
 session's broker or subscribers. Attended spot checks and live viewing
 only: no physiological alarms. The runtime is included.
CONTROL
  for script in postinst prerm postrm; do
    install -m 0755 "$source/Package/$script" "$tree/DEBIAN/$script"
  done
  (cd "$tree" && find usr lib -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) > "$tree/DEBIAN/md5sums"
  chmod 0644 "$tree/DEBIAN/control" "$tree/DEBIAN/md5sums"

  package=$out/cart-gateway_${version}_$architecture.deb
  dpkg-deb --root-owner-group -Zxz --build "$tree" "$package.new" > /dev/null
  mv "$package.new" "$package"
  (cd "$out" && sha256sum "$(basename "$package")") > "$package.sha256"
  echo "$package"
done
