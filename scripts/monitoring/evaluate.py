"""Evaluates each query of the dashboard and each rule at a Prometheus: none may come to nothing. And each family of the
gateway has to be asked for by one of them.

    python3 scripts/monitoring/evaluate.py 127.0.0.1:9090 127.0.0.1:8888 1700000000
"""

import re
import sys

from queries import ask, filled, get, panels, series, unfiltered

# No family of the gateway's own, but what the rules make of them.
MADE = ("oar:",)


def of_dashboard(began):
    """Every query, with where it stands."""
    for panel in panels():
        for target in panel["targets"]:
            yield f"panel `{panel['title']}`", filled(target["expr"], began)


def of_rules(prometheus):
    """Every rule as Prometheus has read it."""
    for group in ask(prometheus, "rules")["groups"]:
        for rule in group["rules"]:
            yield f"rule `{rule['name']}`", unfiltered(rule["query"])


def faulty_rules(prometheus):
    """Rules that Prometheus could not evaluate by itself."""
    rules = [rule for group in ask(prometheus, "rules")["groups"] for rule in group["rules"]]
    return [f"rule `{rule['name']}`: {rule['lastError']}" for rule in rules if rule.get("lastError")]


def families(gateway):
    """What the gateway tells, as it is called in queries."""
    types = re.findall(r"^# TYPE (oar_\w+) (\w+)$", get(f"http://{gateway}/metrics"), re.MULTILINE)
    return {name.removesuffix("_total") for name, _ in types}


def main(prometheus, gateway, began):
    began = int(began)
    asked = [*of_dashboard(began), *of_rules(prometheus)]
    faults = [f"{where}: nothing comes of {query}" for where, query in asked if not series(prometheus, query, began)]
    faults += faulty_rules(prometheus)
    text = "\n".join(query for _, query in asked)
    told = families(gateway)
    faults += [f"nobody asks for {name}" for name in sorted(told) if name not in text]
    for fault in faults:
        print(f"monitoring-check: {fault}", file=sys.stderr)
    if faults or not told:
        sys.exit(1)
    rules = sum(1 for where, _ in asked if where.startswith("rule"))
    print(f"monitoring-check: {len(asked) - rules} queries and {rules} rules find what they ask for, in {len(told)} families")


main(*sys.argv[1:])
