#!/usr/bin/env bash
# Writes the hash of each scenario's trace, with the scenario's own seed, beside it. Run it when a change of behaviour is meant.
set -euo pipefail
cd "$(dirname "$0")"
dotnet build ../Cli -v quiet
for file in *.yaml; do
  name="${file%.yaml}"
  dotnet run --no-build --project ../Cli -- run "$name" --json 2>/dev/null | sed -n 's/.*"traceSha256": "\([0-9a-f]*\)".*/\1/p' > "$name.trace.sha256"
  echo "$name $(cat "$name.trace.sha256")"
done
