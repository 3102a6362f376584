"""Is compose.yaml what docker compose takes, and does all that it names exist?

    python3 scripts/deploy/compose.py target/debug/openai-api-route
"""

import json
import os
import re
import sys

import compose_spec
import yaml
from checked import end, expect, expect_good_config

# Which services each profile starts.
PROFILES = {
    "sqlite": {"gateway-sqlite"},
    "postgres": {"gateway-postgres", "database"},
    "monitoring": {"prometheus", "grafana"},
}


def variables(text):
    """The variables that have no default, or an empty one."""
    return set(re.findall(r"\$\{([A-Z_]+)(?::-|:\?[^}]*)?\}", text))


def samples(file):
    """The names and values of a file of variables."""
    lines = [line.split("=", 1) for line in open(file) if re.match(r"[A-Z_]+=", line)]
    return {name: value.strip() for name, value in lines}


def filled(text, given):
    """The text with its variables in place, as compose reads it."""
    value = lambda found: given.get(found[1], found[2] or "")
    return re.sub(r"\$\{([A-Z_]+)(?::[-?]([^}]*))?\}", value, text)


def expect_profiles(services):
    for profile, names in PROFILES.items():
        found = {name for name, service in services.items() if profile in service.get("profiles", [])}
        expect(found == names, f"profile {profile} starts {sorted(found)}, not {sorted(names)}")
    expect(set(services) == set().union(*PROFILES.values()), "each service has a profile")


def expect_service(name, service, volumes):
    expect(re.search(r":[^/]+$", service["image"]), f"{name}: the image has no tag")
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        exists = os.path.exists(source) if source.startswith(".") else source in volumes
        expect(exists, f"{name}: there is no {source}")


def expect_company(services):
    """Who is waited for is started with who waits."""
    for name, service in services.items():
        for other in service.get("depends_on", []):
            expect(services[other]["profiles"] == service["profiles"], f"{name} waits for {other}, who is not started")


def expect_scraped(services):
    """Prometheus asks the gateways by a name that they have, and Grafana asks Prometheus."""
    scraped = yaml.safe_load(open("deploy/prometheus/prometheus.yml"))
    targets = [t for job in scraped["scrape_configs"] for config in job["static_configs"] for t in config["targets"]]
    for name in ["gateway-sqlite", "gateway-postgres"]:
        aliases = services[name]["networks"]["default"]["aliases"]
        expect(targets == [f"{alias}:8888" for alias in aliases], f"{name} is {aliases}, but {targets} are scraped")
    source = yaml.safe_load(open("deploy/grafana/provisioning/datasources/prometheus.yml"))["datasources"][0]
    expect(source["url"] == "http://prometheus:9090", f"Grafana asks {source['url']}")


def main(gateway):
    text = open("compose.yaml").read()
    given = samples("deploy/compose/env.sample")
    compose = yaml.safe_load(filled(text, given))
    compose_spec.PyCompose.from_json(json.dumps(compose))
    services = compose["services"]
    expect_profiles(services)
    expect_company(services)
    for name, service in services.items():
        expect_service(name, service, compose["volumes"])
    wanted = variables(text)
    expect(wanted == set(given), f"env.sample has {sorted(given)}, but {sorted(wanted)} are wanted")
    expect_scraped(services)
    for name in ["gateway-sqlite", "gateway-postgres"]:
        expect_good_config(gateway, "deploy/compose/config.yaml", services[name]["environment"])
    end("compose.yaml", f"{len(services)} services in {len(PROFILES)} profiles")


main(*sys.argv[1:])
