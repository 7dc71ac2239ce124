#!/usr/bin/env pwsh
# Calls cart-flash (firmware/Flash), where everything is decided and tested; a published one in the folder cart-flash beside this file comes first, for a desk without the SDK's packages.
$ErrorActionPreference = 'Stop'
$env:CART_FLASH_POWERSHELL = $PSVersionTable.PSVersion
$published = Join-Path $PSScriptRoot 'cart-flash' 'cart-flash.dll'
if (Test-Path -LiteralPath $published) { dotnet $published @args } else { dotnet run --project (Join-Path $PSScriptRoot 'firmware' 'Flash') -- @args }
exit $LASTEXITCODE
