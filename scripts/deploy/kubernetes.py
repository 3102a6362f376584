"""Does a cluster take what the overlays in deploy/kubernetes come to, and do their parts fit?

    python3 scripts/deploy/kubernetes.py target/debug/openai-api-route
"""

import base64
import glob
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml
from checked import end, expect, expect_good_config, faults

# The oldest that has the action `sleep` for preStop, and the newest that the schemas are known of.
VERSIONS = ["1.30", "1.37"]

# What a stop takes at most: drain_timeout, then what waits to be recorded.
DRAIN_SECONDS = 30 + 5


def built(overlay):
    """The objects that an overlay comes to, as `kubectl apply -k` would send them."""
    text = subprocess.run(["kubectl", "kustomize", overlay], check=True, capture_output=True, text=True).stdout
    return list(yaml.safe_load_all(text))


def expect_valid(name, thing):
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(thing, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            expect(False, f"{name}, Kubernetes {version}: {thing['kind']}: {error.message}")


def named(things, kind):
    return {thing["metadata"]["name"]: thing for thing in things if thing["kind"] == kind}


def expect_locked_up(name, pod, container):
    """Neither root, nor a way to become it, nor a file of the image to change."""
    security, own = pod["securityContext"], container["securityContext"]
    expect(security["runAsNonRoot"] and security["runAsUser"] == 65532, f"{name}: the pod may be root's")
    expect(own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"], f"{name}: the image can be written")
    expect(own["capabilities"] == {"drop": ["ALL"]}, f"{name}: capabilities are left")
    expect(security["seccompProfile"]["type"] == "RuntimeDefault", f"{name}: every system call is allowed")
    expect(pod["automountServiceAccountToken"] is False, f"{name}: the cluster's API is open to it")


def expect_watched(name, pod, container):
    """Probes ask what the gateway answers, and a stop is given its time."""
    asked = {kind: container[kind]["httpGet"] for kind in ["startupProbe", "readinessProbe", "livenessProbe"]}
    paths = {kind: probe["path"] for kind, probe in asked.items()}
    expect(paths["readinessProbe"] == "/readyz" and paths["livenessProbe"] == "/livez", f"{name}: asks {paths}")
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    expect({probe["port"] for probe in asked.values()} <= set(ports), f"{name}: asks at {asked}, not at {ports}")
    slept = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    given = pod["terminationGracePeriodSeconds"]
    expect(0 < slept and slept + DRAIN_SECONDS <= given, f"{name}: {given} s are not enough after {slept} s of sleep")


def expect_found(name, things, labels, pod, container):
    """Whatever names something else finds it."""
    secrets, accounts = named(things, "Secret"), named(things, "ServiceAccount")
    wanted = [volume["secret"]["secretName"] for volume in pod["volumes"]]
    wanted += [source["secretRef"]["name"] for source in container["envFrom"]]
    expect(set(wanted) == set(secrets), f"{name}: wants the secrets {wanted}, has {list(secrets)}")
    expect(pod["serviceAccountName"] in accounts, f"{name}: there is no {pod['serviceAccountName']}")
    [service], [budget] = named(things, "Service").values(), named(things, "PodDisruptionBudget").values()
    expect(service["spec"]["selector"].items() <= labels.items(), f"{name}: the service finds no pod")
    expect(budget["spec"]["selector"]["matchLabels"].items() <= labels.items(), f"{name}: the budget finds no pod")
    ports = {port["name"] for port in container["ports"]}
    expect(service["spec"]["ports"][0]["targetPort"] in ports, f"{name}: the service finds no port")


def expect_configured(name, things, pod, container, gateway):
    """The file that the pod mounts is one that the gateway takes, with the environment that the pod has."""
    secrets = named(things, "Secret")
    decoded = lambda secret: {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}
    keys = decoded(secrets[container["envFrom"][0]["secretRef"]["name"]])
    config = decoded(secrets[pod["volumes"][0]["secret"]["secretName"]])["config.yaml"]
    mount = container["volumeMounts"][0]["mountPath"]
    expect(container["args"][:2] == ["--config", f"{mount}/config.yaml"], f"{name}: reads {container['args']}")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(config)
        file.flush()
        expect_good_config(gateway, file.name, keys)


def expect_overlay(overlay, gateway):
    name, things = overlay.rstrip("/").rsplit("/", 1)[-1], built(overlay)
    for thing in things:
        expect_valid(name, thing)
    [workload] = [thing for thing in things if thing["kind"] in ("Deployment", "StatefulSet")]
    labels, pod = workload["spec"]["template"]["metadata"]["labels"], workload["spec"]["template"]["spec"]
    [container] = pod["containers"]
    expect_locked_up(name, pod, container)
    expect_watched(name, pod, container)
    expect_found(name, things, labels, pod, container)
    if not faults:
        expect_configured(name, things, pod, container, gateway)
    return f"{name} ({workload['kind']}, {workload['spec']['replicas']} replicas, {len(things)} objects)"


def main(gateway):
    overlays = sorted(glob.glob("deploy/kubernetes/overlays/*/"))
    told = [expect_overlay(overlay, gateway) for overlay in overlays]
    expect(len(told) == 2, f"overlays: {overlays}")
    end("deploy/kubernetes", f"{', '.join(told)}; Kubernetes {' to '.join(VERSIONS)}")


main(*sys.argv[1:])
