#!/usr/bin/env bash
# Builds everything and runs every test. The last line is "N passed, N failed, N skipped"; the exit code is 0 only when something
# passed and nothing failed. What is not installed is skipped with its reason.
#
#   bash tests/run.sh             build and test
#   bash tests/run.sh --long      the long versions too: bigger numbers in the same tests (CART_LONG=1), outages of minutes
#   bash tests/run.sh --all       also installs the optional packages of tests/packages.txt; the base is installed in any case
#   bash tests/run.sh --no-install  installs nothing; what is absent is skipped
#   bash tests/run.sh --audit     a package with a known weakness is an error (asks the package registry)
#   bash tests/run.sh --sbom      installs a .NET tool into the user's package folder and only writes the software bill of materials (CycloneDX) to artifacts/sbom
#   bash tests/run.sh --sum DIR   only sum the .trx files in DIR
set -u -o pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
results=artifacts/test-results

# One test per record; the outcome of the first tag counts, since results of data rows may be nested.
sum() {
  local files=()
  while IFS= read -r file; do files+=("$file"); done < <(find "$1" -name '*.trx' 2>/dev/null | sort)
  if [ "${#files[@]}" -eq 0 ]; then
    echo "0 passed, 0 failed, 0 skipped"
    return 1
  fi
  awk '
    BEGIN { RS = "<UnitTestResult " }
    FNR == 1 { next }
    {
      tag = $0; sub(/>.*/, "", tag)
      name = tag; sub(/.*testName="/, "", name); sub(/".*/, "", name)
      outcome = tag; sub(/.*outcome="/, "", outcome); sub(/".*/, "", outcome)
      if (tag ~ /duration="[0-9]+:/) {
        time = tag; sub(/.*duration="/, "", time); sub(/".*/, "", time)
        split(time, part, ":")
        seconds = part[1] * 3600 + part[2] * 60 + part[3]
        # The slowest 20, in order; ties as they come.
        for (place = slow; place > 0 && slowest[place] < seconds; place--) {
          slowest[place + 1] = slowest[place]; slowname[place + 1] = slowname[place]
        }
        if (place < 20) { slowest[place + 1] = seconds; slowname[place + 1] = name; if (slow < 20) slow++ }
      }
      if (outcome == "Passed") { passed++; next }
      if (outcome == "NotExecuted" || outcome == "Inconclusive") {
        skipped++
        why = "no reason given"
        if (match($0, /<Message>[^<]*/)) why = substr($0, RSTART + 9, RLENGTH - 9)
        gsub(/[\r\n]+/, " ", why)
        print "skipped: " name ": " why
        next
      }
      failed++
      print "FAILED: " name
    }
    END {
      for (i = 1; i <= slow && i <= 20; i++) printf "slow: %8.2f s  %s\n", slowest[i], slowname[i]
      printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
      exit !(passed > 0 && failed == 0)
    }' "${files[@]}"
}

stop() {
  echo "$1" >&2
  echo "0 passed, 0 failed, 0 skipped"
  exit 1
}

if [ "${1:-}" = "--sum" ]; then
  sum "${2:?a directory with .trx files}"
  exit
fi

all=0
audit=0
install=1
sbom=0
for word in "$@"; do
  case "$word" in
    --long)
      export CART_LONG=1
      export CART_OUTAGE_MINUTES="${CART_OUTAGE_MINUTES:-10}"
      ;;
    --all) all=1 ;;
    --audit) audit=1 ;;
    --no-install) install=0 ;;
    --sbom) sbom=1 ;;
    *) stop "'$word' is no option: --long, --all, --no-install, --audit, --sbom or --sum DIR" ;;
  esac
done

command -v dotnet > /dev/null || stop "The .NET SDK is absent: install the version of global.json from https://dotnet.microsoft.com/download/dotnet/10.0"

if [ "$sbom" -eq 1 ]; then
  echo "Installing the tool of .config/dotnet-tools.json"
  dotnet tool restore > /dev/null && exec dotnet tool run dotnet-CycloneDX -- Firmware.sln --exclude-test-projects --output artifacts/sbom --filename cart.cdx.json --output-format Json
  exit 1
fi

# tests/packages.txt: base or optional, package, the program that shows that it is there, what it enables.
wanted=()
while read -r group package program _; do
  [ "$group" = base ] || { [ "$group" = optional ] && [ "$all" -eq 1 ]; } || continue
  command -v "$program" > /dev/null || [ -x "/usr/sbin/$program" ] || wanted+=("$package")
done < tests/packages.txt
if [ "$install" -eq 1 ] && [ "${#wanted[@]}" -gt 0 ] && command -v apt-get > /dev/null; then
  as=()
  [ "$(id -u)" -eq 0 ] || as=(sudo -n)
  if [ "$(id -u)" -eq 0 ] || sudo -n true 2> /dev/null; then
    echo "Installing by apt-get: ${wanted[*]} (--no-install leaves that)"
    { "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${wanted[@]}" ||
      { "${as[@]}" apt-get update -q && "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${wanted[@]}"; }; } > /dev/null 2>&1 || true
  fi
fi
export PATH="$PATH:/usr/sbin:$PWD/artifacts/tools"
while read -r group package program _; do
  [ "$group" = tool ] && [ "$all" -eq 1 ] && [ "$install" -eq 1 ] && ! command -v "$program" > /dev/null || continue
  echo "Installing the .NET tool $package into artifacts/tools"
  dotnet tool install --tool-path artifacts/tools "${package%@*}" --version "${package#*@}" > /dev/null || true
done < tests/packages.txt
while read -r group package program enables; do
  [ "$group" = base ] || [ "$group" = optional ] || [ "$group" = tool ] || continue
  command -v "$program" > /dev/null || echo "$package is absent; skipped without it: $enables"
done < tests/packages.txt

# The tools that check the pages' modules, as package-lock.json pins them. Without them, or without a network, those tests are skipped by name.
web=edge-gateway/Gateway/Web
if [ "$install" -eq 1 ] && command -v npm > /dev/null && ! cmp -s "$web/package-lock.json" "$web/node_modules/.installed"; then
  echo "Installing the packages of $web/package-lock.json"
  if npm ci --prefix "$web" --prefer-offline --fetch-retries 1 --fetch-retry-mintimeout 2000 --silent; then cp "$web/package-lock.json" "$web/node_modules/.installed"; else echo "npm ci failed; skipped without it: types and rules of the pages' modules"; fi
fi

if [ "$audit" -eq 1 ]; then
  dotnet restore Firmware.sln --force --locked-mode -v quiet -p:NuGetAudit=true -p:NuGetAuditMode=all '-warnaserror:NU1900;NU1901;NU1902;NU1903;NU1904;NU1905' || stop "A package has a known weakness, or nothing could be asked."
fi

dotnet restore Firmware.sln --locked-mode -v quiet || stop "The packages are not those of the packages.lock.json files; after a change of versions: dotnet restore Firmware.sln --force-evaluate"
echo "Left out: firmware/Esp32 and tests/Firmware.DeviceTests need the nanoFramework packages and a board; the nano gate compiles both against lists of members."
echo "Building Firmware.sln with the analyzers: one to three minutes."
# In a terminal the SDK shows each project as it is built.
quiet=(-v quiet)
[ -t 1 ] && quiet=(--tl:on -v minimal)
dotnet build Firmware.sln --no-restore --nologo "${quiet[@]}" -p:Analyze=true || stop "The build failed."
rm -rf "$results"
dotnet test Firmware.sln --no-build --nologo -v quiet -p:EndToEndApart=true --logger trx --results-directory "$results"
ended=$?
# Whole programs with times of their own: alone, after the rest.
dotnet test tests/EndToEnd.Tests --no-build --nologo -v quiet --logger trx --results-directory "$results" || ended=1
sum "$results"
counted=$?
# A test host that dies leaves no failed test behind, only its exit code.
[ "$ended" -eq 0 ] && [ "$counted" -eq 0 ]
