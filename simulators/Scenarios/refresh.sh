#!/usr/bin/env bash
# Writes the layers of each scenario's trace, with the scenario's own seed, beside it, or of those named, and the README's table of what can happen.
# Run it when a change of behaviour is meant.
set -euo pipefail
cd "$(dirname "$0")"
dotnet build ../Cli -v quiet
table="$(dotnet ../../artifacts/bin/Cli/debug/cart-sim.dll faults)"
readme="$(TABLE="$table" awk '/<!-- faults: end -->/ { inside = 0 } !inside { print } /<!-- faults: made from/ { inside = 1; print ENVIRON["TABLE"] }' README.md)"
printf '%s\n' "$readme" > README.md
names=("$@")
if [ "$#" -eq 0 ]; then
  for file in *.yaml; do names+=("${file%.yaml}"); done
fi
for name in "${names[@]}"; do
  # A scenario that misses an expectation has a trace too.
  dotnet ../../artifacts/bin/Cli/debug/cart-sim.dll run "$name" --layers "$name.trace.csv" > /dev/null 2>&1 || [ "$?" -eq 1 ]
  echo "$name $(tail -n 1 "$name.trace.csv")"
done
