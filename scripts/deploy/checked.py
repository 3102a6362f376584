"""What the checks of deploy/ share: how a fault is told, and what the gateway says of a configuration."""

import os
import subprocess
import sys

faults = []


def expect(holds, fault):
    """Remembers what is wrong; all of it is told at the end."""
    if not holds:
        faults.append(fault)


def end(name, summary):
    """Tells what was found. The exit code is 1 if that is anything."""
    for fault in faults:
        print(f"{name}: {fault}", file=sys.stderr)
    if not faults:
        print(f"{name}: {summary}")
    sys.exit(bool(faults))


def expect_good_config(gateway, file, environment):
    """A configuration that the gateway takes without a word of warning, once the sample's token is replaced."""
    environment = {"PATH": os.environ["PATH"], **environment, "GATEWAY_TOKEN": "token-of-the-check"}
    said = subprocess.run([gateway, "check", "--config", file], env=environment, capture_output=True, text=True)
    expect(said.returncode == 0 and "warning" not in said.stdout, f"{file}: {said.stdout}{said.stderr}")
