"""Makes of what cargo-sbom says the bill of one program: only crates that are in it, and the same text for the same tree.

    sbom.py THE-CRATES-IN-IT SECONDS-SINCE-1970 <ALL >BILL

THE-CRATES-IN-IT is what `cargo tree --prefix none --edges normal` prints. cargo-sbom knows no target, so its list has the
crates of every system; and it names the user who ran it, a random number and the time of day.
"""

import datetime
import json
import pathlib
import sys


def crates(tree):
    """`serde v1.0.228 (proc-macro)` is `("serde", "1.0.228")`."""
    words = [line.split() for line in tree.splitlines() if line.strip()]
    return {(name, version.removeprefix("v")) for name, version, *_ in words}


def main():
    inside = crates(pathlib.Path(sys.argv[1]).read_text())
    built = datetime.datetime.fromtimestamp(int(sys.argv[2]), datetime.timezone.utc)
    bill = json.load(sys.stdin)
    bill["components"] = sorted(
        (one for one in bill["components"] if (one["name"], one["version"]) in inside), key=lambda one: one["bom-ref"]
    )
    program = bill["metadata"]["component"]["components"]
    kept = {one["bom-ref"] for one in bill["components"] + program}
    missing = inside - {(one["name"], one["version"]) for one in bill["components"] + program}
    if missing:
        sys.exit(f"sbom.py: the bill misses {sorted(missing)}")
    bill["dependencies"] = [
        {**one, "dependsOn": sorted(ref for ref in one.get("dependsOn", []) if ref in kept)}
        for one in sorted(bill["dependencies"], key=lambda one: one["ref"])
        if one["ref"] in kept
    ]
    bill["metadata"].pop("authors", None)
    bill.pop("serialNumber", None)
    bill["metadata"]["timestamp"] = built.strftime("%Y-%m-%dT%H:%M:%SZ")
    json.dump(bill, sys.stdout, indent=2, ensure_ascii=False)
    print()


main()
