#!/usr/bin/env pwsh
# Calls cart-flash (firmware/Flash), where everything is decided and tested.
dotnet run --project "$PSScriptRoot/firmware/Flash" -- @args
exit $LASTEXITCODE
