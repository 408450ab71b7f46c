"""What `kubectl kustomize` makes of a folder, for the fields that are used here; any other is refused, not ignored."""

import copy
import shutil
import subprocess

import yaml

KNOWN = {"apiVersion", "kind", "namespace", "labels", "images", "resources", "patches"}
# Kinds that belong to no namespace.
CLUSTER = {"Namespace"}


def name_of(resource):
    return resource["kind"], resource["metadata"]["name"]


def render(folder):
    """The resources of a kustomization, in no particular order."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    if unknown := set(kustomization) - KNOWN:
        raise ValueError(f"{folder}: the checks do not know {', '.join(sorted(unknown))}")
    resources = []
    for entry in kustomization["resources"]:
        path = folder / entry
        if path.is_dir():
            resources += render(path)
        else:
            resources += [one for one in yaml.safe_load_all(path.read_text()) if one]
    for patch in kustomization.get("patches", []):
        change = yaml.safe_load(patch["patch"])
        target = next((one for one in resources if name_of(one) == name_of(change)), None)
        if set(patch) != {"patch"} or target is None:
            raise ValueError(f"{folder}: a patch of nothing that is there: {patch}")
        merge(target, change, folder)
    for resource in resources:
        if resource["kind"] not in CLUSTER:
            resource["metadata"]["namespace"] = kustomization["namespace"]
        elif resource["metadata"]["name"] != kustomization["namespace"]:
            raise ValueError(f"{folder}: another namespace than {kustomization['namespace']}")
        for labels in kustomization.get("labels", []):
            if set(labels) != {"pairs"}:
                raise ValueError(f"{folder}: labels with {', '.join(set(labels))}")
            resource["metadata"].setdefault("labels", {}).update(labels["pairs"])
        for container in containers(resource):
            for image in kustomization.get("images", []):
                if container["image"].split(":")[0].endswith(image["name"]):
                    container["image"] = f"{image['newName']}:{image['newTag']}"
    return resources


def merge(into, change, folder):
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            merge(into[key], value, folder)
        elif isinstance(value, list) or key == "$patch":
            raise ValueError(f"{folder}: a patch of a list ({key})")
        else:
            into[key] = copy.deepcopy(value)


def pod_of(resource):
    """The pod that a resource makes, if it makes one."""
    if resource["kind"] in ("Deployment", "StatefulSet", "Job"):
        return resource["spec"]["template"]
    return None


def containers(resource):
    pod = pod_of(resource)
    return pod["spec"]["containers"] + pod["spec"].get("initContainers", []) if pod else []


def kubectl(folder):
    """The same by kubectl, if there is one that can: its own order, `None` if there is none."""
    if shutil.which("kubectl") is None:
        return None
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        # Debian's is of 2020 and knows neither labels nor folders among resources.
        if "unknown field" in done.stderr or "json:" in done.stderr:
            return None
        raise ValueError(f"kubectl kustomize {folder}: {done.stderr.strip()}")
    return list(yaml.safe_load_all(done.stdout))
