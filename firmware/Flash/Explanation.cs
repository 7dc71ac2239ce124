namespace Firmware.Flash;

/// <summary>What flash.ps1 says without arguments.</summary>
internal static class Explanation
{
    public const string Text =
        """
        Brings up pods' boards: runtime, program, configuration, self test, record and label.

        Before a plug goes in:
          Isolated USB adapter only, at both plugs. No board of these is on a patient, and none is on a cuff that is on an arm.
          A board has two plugs: UART0 for flashing (the debugger's), and the console (a UART of its own; on an S3 also the native USB).

        First, without a board:
          flash.ps1 -Check                                      PowerShell, .NET, nanoff, drivers, rights, program
          flash.ps1 -Check -Offline -Archive DIR                what to fetch elsewhere, and whether the archive is whole
          flash.ps1 archive -Archive DIR                        fetches the runtimes, on a machine with network

        One board, or several at once:
          flash.ps1 ports                                       which plug is which
          flash.ps1 -Image Pod.bin -WhatIf                      what would be done; nothing is
          flash.ps1 -Image Pod.bin -Bundle pod.json             one board
          flash.ps1 -Port COM3,COM5 -Image Pod.bin -Bundle DIR  several, each with its bundle
        The same command again goes on where a board stopped. Identity, calibrations and unsent readings are kept unless -Factory is given;
        -Reprovision takes away what the bundle leaves out. No two pods have one id or one technician's key.

        Then:
          flash.ps1 calibrate cuff -Serial MP-0042              six points up and down, on a rigid volume, never on an arm
          flash.ps1 calibrate oximeter -Serial OX-0042          on a tester, never on a finger
          flash.ps1 console                                     finds the console and joins this terminal to it

        Secrets come from a bundle, a file or the keyboard (-Secrets), never from an argument.
        One step alone: details, runtime, deploy. Exit codes and records: firmware/Flash/README.md.
        """;
}
