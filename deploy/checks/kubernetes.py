"""What a schema cannot see in the manifests: whether names, ports, selectors, settings and paths are those of the roles."""

import base64
import json

from .render import containers, name_of, pod_of

NAMESPACE = "so1p2"
# Roles that have no place here, and why.
LEFT_OUT = {
    "gateway": "the cluster's own gateway takes its place",
    "backup-server": "its fragments are on one disk, and agents want an address that stays",
    "rooms-server": "its servers and faculties need addresses that stay",
    "rooms-faculty": "its servers and faculties need addresses that stay",
}
BETWEEN_KUBERNETES_AND_US_S = 10
AUTOSCALED = {"minReplicas": 1, "maxReplicas": 3}
UTILIZATION = 50
PEERS = "BEDEL_PEERS"


class Campus:
    def __init__(self, resources, secrets, roles, settings):
        self.resources, self.secrets, self.settings = resources, {one["metadata"]["name"]: one for one in secrets}, settings
        self.roles = {role["name"]: role for role in roles}
        self.wrong = []

    def of(self, *kinds):
        return [one for one in self.resources if one["kind"] in kinds]

    def named(self, kind, name):
        return next((one for one in self.of(kind) if one["metadata"]["name"] == name), None)

    def say(self, resource, text):
        kind, name = name_of(resource)
        self.wrong.append(f"{kind} {name}: {text}")

    def check(self):
        seen = set()
        for resource in self.resources:
            if name_of(resource) in seen:
                self.say(resource, "there twice")
            seen.add(name_of(resource))
            if resource["kind"] != "Namespace" and resource["metadata"].get("namespace") != NAMESPACE:
                self.say(resource, f"not in {NAMESPACE}")
        for resource in self.of("Deployment", "StatefulSet", "Job"):
            self.pod(resource)
        for resource in self.of("Deployment", "StatefulSet"):
            if not (resource["spec"]["selector"]["matchLabels"].items() <= pod_of(resource)["metadata"]["labels"].items()):
                self.say(resource, "its selector does not select its pods")
        for service in self.of("Service"):
            self.service(service)
        for scaler in self.of("HorizontalPodAutoscaler"):
            self.scaler(scaler)
        self.every_role()
        self.routes()
        return self.wrong

    # --- pods ---------------------------------------------------------------------------------------------------------

    def pod(self, resource):
        spec = pod_of(resource)["spec"]
        context = spec.get("securityContext", {})
        if not (context.get("runAsNonRoot") and context.get("runAsUser", 0) > 0):
            self.say(resource, "runs as root")
        if spec.get("automountServiceAccountToken") is not False:
            self.say(resource, "has a token of the cluster it does not need")
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        volumes |= {claim["metadata"]["name"]: claim for claim in resource["spec"].get("volumeClaimTemplates", [])}
        for volume in volumes.values():
            self.volume(resource, volume)
        for container in containers(resource):
            own = container.get("securityContext", {})
            if own.get("allowPrivilegeEscalation") is not False or own.get("capabilities", {}).get("drop") != ["ALL"]:
                self.say(resource, "may gain privileges")
            for amount in ("requests", "limits"):
                if set(container.get("resources", {}).get(amount, {})) != {"cpu", "memory"}:
                    self.say(resource, f"{amount} of cpu and memory are expected")
            if mounts := {mount["name"] for mount in container.get("volumeMounts", [])} ^ set(volumes):
                self.say(resource, f"volumes and mounts differ: {', '.join(sorted(mounts))}")
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                self.probe(resource, container, probe)
            for variable in container.get("env", []):
                self.variable(resource, variable)
            for source in container.get("envFrom", []):
                self.settings_of(resource, source)
            if container["name"] == "bedel":
                self.command(resource, container, spec)

    def volume(self, resource, volume):
        if "secret" in volume:
            wanted = [item["key"] for item in volume["secret"].get("items", [])]
            self.secret(resource, volume["secret"]["secretName"], wanted)
        elif "persistentVolumeClaim" in volume:
            if self.named("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]) is None:
                self.say(resource, f"no such claim: {volume['persistentVolumeClaim']['claimName']}")

    def secret(self, resource, name, keys):
        made = self.secrets.get(name)
        known = {**made.get("data", {}), **made.get("stringData", {})} if made else {}
        for key in keys:
            if key not in known:
                self.say(resource, f"make-secrets makes no {key} in {name}")
        if made is None:
            self.say(resource, f"make-secrets makes no {name}")

    def variable(self, resource, variable):
        if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
            self.secret(resource, reference["name"], [reference["key"]])
        self.setting(resource, variable["name"])

    def settings_of(self, resource, source):
        map_ = self.named("ConfigMap", source["configMapRef"]["name"])
        if map_ is None:
            self.say(resource, f"no such ConfigMap: {source['configMapRef']['name']}")
            return
        for name in map_["data"]:
            self.setting(map_, name)

    def setting(self, resource, name):
        if name.startswith("BEDEL_") and name not in self.settings:
            self.say(resource, f"{name} is no setting of bedel")

    def probe(self, resource, container, probe):
        if resource["kind"] == "Job":
            return
        if probe not in container:
            if probe != "startupProbe":
                self.say(resource, f"{probe} is missing")
            return
        names = {port.get("name"): port["containerPort"] for port in container.get("ports", [])}
        for how in ("httpGet", "tcpSocket"):
            port = container[probe].get(how, {}).get("port")
            if port is not None and port not in names and port not in names.values():
                self.say(resource, f"{probe} asks at {port}, which is no port of the container")

    def command(self, resource, container, spec):
        arguments = container["args"]
        if resource["kind"] == "Job":
            if arguments != ["migrate"]:
                self.say(resource, f"unknown command: {arguments}")
            return
        name = resource["metadata"]["name"]
        if arguments[:3] != ["run", name, "--listen"] or name not in self.roles:
            self.say(resource, f"runs {arguments}, and not the role it is called after")
            return
        port = int(arguments[3].rsplit(":", 1)[1])
        if port not in [known["containerPort"] for known in container["ports"]]:
            self.say(resource, f"listens at {port}, which is no port of the container")
        probes = [container.get(probe, {}).get("httpGet", {}) for probe in ("startupProbe", "readinessProbe", "livenessProbe")]
        if [probe.get("path") for probe in probes] != ["/healthz", "/readyz", "/healthz"]:
            self.say(resource, f"is asked at {[probe.get('path') for probe in probes]}")
        if spec["terminationGracePeriodSeconds"] < self.roles[name]["drain_s"] + BETWEEN_KUBERNETES_AND_US_S:
            self.say(resource, f"has too little time to drain: {self.roles[name]['drain_s']} s and some to be told")
        told = {variable["name"] for variable in container.get("env", [])}
        if self.roles[name]["writes_sql"] and "BEDEL_SQL__URL" not in told:
            self.say(resource, "writes SQL and is not told where")
        told = next((one["value"] for one in container.get("env", []) if one["name"] == PEERS), "")
        for peer in filter(None, told.split(",")):
            self.server(resource, peer.partition("=")[2])

    def server(self, resource, place):
        host, _, port = place.partition(":")
        if not port.isdigit():
            self.say(resource, f"{PEERS}: ROLE=HOST:PORT is expected, not {place}")
            return
        service = self.named("Service", host)
        if service is None or int(port) not in [one["port"] for one in service["spec"]["ports"]]:
            self.say(resource, f"{PEERS}: nobody is at {place}")
        elif service["spec"].get("clusterIP") != "None":
            self.say(resource, f"{PEERS}: {host} has one address for all its replicas (clusterIP: None is expected)")

    # --- services and scaling -----------------------------------------------------------------------------------------

    def pods_behind(self, service):
        wanted = service["spec"]["selector"].items()
        return [one for one in self.of("Deployment", "StatefulSet") if wanted <= pod_of(one)["metadata"]["labels"].items()]

    def service(self, service):
        pods = self.pods_behind(service)
        if len(pods) != 1:
            self.say(service, f"selects the pods of {[one['metadata']['name'] for one in pods]}")
            return
        known = [port for container in containers(pods[0]) for port in container.get("ports", [])]
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in [one for each in known for one in (each.get("name"), each["containerPort"])]:
                self.say(service, f"leads to {port['targetPort']}, which is no port of {pods[0]['metadata']['name']}")
            # A headless service forwards nothing: who asks at its port asks the pod.
            target = next((each["containerPort"] for each in known if port["targetPort"] in each.values()), None)
            if service["spec"].get("clusterIP") == "None" and port["port"] != target:
                self.say(service, f"is headless, and port {port['port']} is not the pod's {target}")

    def scaler(self, scaler):
        spec = scaler["spec"]
        target = self.named(spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])
        if target is None:
            self.say(scaler, "scales nothing that is there")
            return
        if "replicas" in target["spec"]:
            self.say(scaler, "the number of replicas is set in the Deployment too: each apply would undo the scaling")
        if {key: spec.get(key) for key in AUTOSCALED} != AUTOSCALED:
            self.say(scaler, "1 to 3 replicas are expected")
        goals = [metric["resource"]["target"].get("averageUtilization") for metric in spec["metrics"]
                 if metric["resource"]["name"] == "cpu"]
        if goals != [UTILIZATION]:
            self.say(scaler, f"{UTILIZATION} % of the CPU is expected")

    def every_role(self):
        scaled = {one["spec"]["scaleTargetRef"]["name"] for one in self.of("HorizontalPodAutoscaler")}
        for name, role in self.roles.items():
            deployment = self.named("Deployment", name)
            if (deployment is None) != (name in LEFT_OUT):
                self.wrong.append(f"role {name}: neither deployed nor left out for a reason, or both")
            elif deployment is not None and role["autoscaled"] != (name in scaled):
                self.wrong.append(f"role {name}: bedel scales it: {role['autoscaled']}, Kubernetes: {name in scaled}")

    # --- what comes in ------------------------------------------------------------------------------------------------

    def routes(self):
        wanted = {}
        for role in self.roles.values():
            for prefix in role["prefixes"]:
                if role["name"] not in LEFT_OUT:
                    wanted.setdefault(prefix, set()).add(role["name"])
        found = self.of_gateway() if self.of("Gateway") else self.of_ingress()
        for prefix in sorted(set(wanted) | set(found)):
            shares = found.get(prefix, {})
            if set(shares) != wanted.get(prefix, set()):
                self.wrong.append(f"path {prefix}: leads to {sorted(shares)}, bedel has {sorted(wanted.get(prefix, []))}")
            elif len(set(shares.values())) > 1 or (len(shares) > 1 and None in shares.values()):
                self.wrong.append(f"path {prefix}: is split {shares}, and bedel splits it evenly")

    def backend(self, route, name, port):
        service = self.named("Service", name)
        if service is None or port not in [one for each in service["spec"]["ports"] for one in (each["port"], each["name"])]:
            self.say(route, f"there is no port {port} of a service {name}")

    def of_gateway(self):
        found = {}
        for route in self.of("HTTPRoute", "GRPCRoute"):
            for parent in route["spec"]["parentRefs"]:
                gateway = self.named("Gateway", parent["name"])
                names = [listener["name"] for listener in gateway["spec"]["listeners"]] if gateway else []
                if parent.get("sectionName") not in names:
                    self.say(route, f"there is no listener {parent.get('sectionName')} of a gateway {parent['name']}")
            for rule in route["spec"]["rules"]:
                shares = {backend["name"]: backend.get("weight") for backend in rule.get("backendRefs", [])}
                for backend in rule.get("backendRefs", []):
                    self.backend(route, backend["name"], backend["port"])
                for match in rule.get("matches", []) if shares else []:
                    # The schema takes any word here.
                    if match.get("path", {}).get("type", "PathPrefix") != "PathPrefix":
                        self.say(route, f"a path is matched by {match['path']['type']}, and bedel's are prefixes")
                    path = match["path"]["value"] if "path" in match else "/" + match["method"]["service"]
                    found.setdefault(path, {}).update(shares)
        for gateway in self.of("Gateway"):
            for listener in gateway["spec"]["listeners"]:
                for reference in listener.get("tls", {}).get("certificateRefs", []):
                    self.secret(gateway, reference["name"], ["tls.crt", "tls.key"])
                if listener["protocol"] == "HTTP" and any(
                        rule.get("backendRefs") for route in self.of("HTTPRoute") for rule in route["spec"]["rules"]
                        if listener["name"] in [parent.get("sectionName") for parent in route["spec"]["parentRefs"]]):
                    self.say(gateway, "tokens would travel in clear")
        return found

    def of_ingress(self):
        found = {}
        for ingress in self.of("Ingress"):
            notes = {key.split("/", 1)[1]: value for key, value in ingress["metadata"].get("annotations", {}).items()}
            weight = int(notes["canary-weight"]) if notes.get("canary") == "true" else None
            for tls in ingress["spec"]["tls"]:
                self.secret(ingress, tls["secretName"], ["tls.crt", "tls.key"])
            for path in ingress["spec"]["rules"][0]["http"]["paths"]:
                service = path["backend"]["service"]
                self.backend(ingress, service["name"], service["port"].get("name", service["port"].get("number")))
                found.setdefault(path["path"], {})[service["name"]] = weight
        for path, shares in found.items():
            canaries = [weight for weight in shares.values() if weight is not None]
            if canaries:
                found[path] = {name: 100 - canaries[0] if weight is None else weight for name, weight in shares.items()}
        # gRPC needs an Ingress of another kind; this one is for what document 003 had.
        for role in self.roles.values():
            if role["protocol"] == "h2c":
                found.update({prefix: {role["name"]: None} for prefix in role["prefixes"]})
        return found


def secrets_of(made):
    """Whether what make-secrets printed is what the roles read."""
    wrong = []
    keys = next(one for one in made if one["metadata"]["name"] == "bedel-keys")["data"]
    if not base64.b64decode(keys["tokens.key"]).startswith(b"-----BEGIN PRIVATE KEY-----"):
        wrong.append("make-secrets: tokens.key is no private key")
    if not json.loads(base64.b64decode(keys["jwks.json"]))["keys"]:
        wrong.append("make-secrets: jwks.json has no key")
    return wrong
