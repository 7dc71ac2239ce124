#!/usr/bin/env bash
# Builds everything and runs every test. The last line is "N passed, N failed, N skipped"; the exit code is 0 only when something
# passed and nothing failed. What is not installed is skipped with its reason.
#
#   bash tests/run.sh             build and test
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

command -v dotnet > /dev/null || stop "The .NET SDK is absent: install the version of global.json from https://dotnet.microsoft.com/download/dotnet/10.0"

wanted=()
command -v mosquitto > /dev/null || [ -x /usr/sbin/mosquitto ] || wanted+=(mosquitto)
command -v mosquitto_sub > /dev/null || wanted+=(mosquitto-clients)
command -v socat > /dev/null || wanted+=(socat)
command -v chromium > /dev/null || wanted+=(chromium)
if [ "${#wanted[@]}" -gt 0 ] && command -v apt-get > /dev/null; then
  as=()
  [ "$(id -u)" -eq 0 ] || as=(sudo -n)
  if [ "$(id -u)" -eq 0 ] || sudo -n true 2> /dev/null; then
    echo "Installing ${wanted[*]}"
    { "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${wanted[@]}" ||
      { "${as[@]}" apt-get update -q && "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${wanted[@]}"; }; } > /dev/null 2>&1 || true
  fi
fi
export PATH="$PATH:/usr/sbin"
command -v mosquitto > /dev/null || echo "mosquitto is absent and could not be installed: tests against a broker of its own are skipped"
command -v chromium > /dev/null || echo "chromium is absent and could not be installed: tests of the pages are skipped"
command -v socat > /dev/null || echo "socat is absent and could not be installed: tests over pairs of terminals are skipped"

dotnet build Firmware.sln --nologo -v quiet -p:Analyze=true || stop "The build failed."
rm -rf "$results"
dotnet test Firmware.sln --no-build --nologo -v quiet --logger trx --results-directory "$results"
ended=$?
sum "$results"
counted=$?
# A test host that dies leaves no failed test behind, only its exit code.
[ "$ended" -eq 0 ] && [ "$counted" -eq 0 ]
