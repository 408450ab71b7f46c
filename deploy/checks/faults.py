"""Faults that the checks must find: each is made in a copy, and the complaint must name it."""

import copy


def pick(resources, kind, name):
    return next(one for one in resources if (one["kind"], one["metadata"]["name"]) == (kind, name))


def pod(resources, name, kind="Deployment"):
    return pick(resources, kind, name)["spec"]["template"]["spec"]


def container(resources, name):
    return pod(resources, name)["containers"][0]


def set_in(value, *path):
    def change(holder):
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value

    return change


def drop(resources, kind, name):
    resources.remove(pick(resources, kind, name))


# What is done, and what the complaint says.
FAULTS = [
    (lambda r: set_in("grades", "spec", "selector", "app.kubernetes.io/name")(pick(r, "Service", "grades-redis")), "selects the pods of []"),
    (lambda r: set_in(8081, "spec", "ports", 0, "targetPort")(pick(r, "Service", "portal")), "leads to 8081"),
    (lambda r: set_in(9090, "spec", "ports", 0, "port")(pick(r, "Service", "grades-grpc-server")), "is headless"),
    (lambda r: set_in("0.0.0.0:9000", "args", 3)(container(r, "accounts")), "listens at 9000"),
    (lambda r: set_in("grades-reddis", "args", 1)(container(r, "grades-redis")), "not the role it is called after"),
    (lambda r: set_in("/ready", "readinessProbe", "httpGet", "path")(container(r, "portal")), "is asked at"),
    (lambda r: set_in("BEDEL_SQL__ADRESS", "env", 1, "name")(container(r, "files")), "BEDEL_SQL__ADRESS is no setting"),
    (lambda r: set_in("sql", "env", 1, "valueFrom", "secretKeyRef", "key")(container(r, "files")), "makes no sql in"),
    (lambda r: set_in("x", "data", "BEDEL_LIVE__URI")(pick(r, "ConfigMap", "bedel-settings")), "BEDEL_LIVE__URI is no setting"),
    (lambda r: set_in(5, "terminationGracePeriodSeconds")(pod(r, "files")), "too little time to drain"),
    (lambda r: set_in(0, "securityContext", "runAsUser")(pod(r, "redis")), "runs as root"),
    (lambda r: container(r, "portal")["resources"].pop("limits"), "limits of cpu and memory"),
    (lambda r: container(r, "portal")["volumeMounts"].pop(), "volumes and mounts differ"),
    (lambda r: set_in(80, "spec", "metrics", 0, "resource", "target", "averageUtilization")(pick(r, "HorizontalPodAutoscaler", "portal")), "50 % of the CPU"),
    (lambda r: set_in(4, "spec", "maxReplicas")(pick(r, "HorizontalPodAutoscaler", "grades-redis")), "1 to 3 replicas"),
    (lambda r: set_in(2, "spec", "replicas")(pick(r, "Deployment", "grades-redis")), "would undo the scaling"),
    (lambda r: drop(r, "HorizontalPodAutoscaler", "grades-grpc-server"), "bedel scales it"),
    (lambda r: drop(r, "Deployment", "portal"), "neither deployed nor left out"),
    (lambda r: set_in(40, "spec", "rules", 0, "backendRefs", 0, "weight")(pick(r, "HTTPRoute", "grades")), "splits it evenly"),
    (lambda r: set_in("files", "spec", "rules", 0, "backendRefs", 0, "name")(pick(r, "HTTPRoute", "campus")), "path /api/v1/auth"),
    (lambda r: set_in(80, "spec", "rules", 0, "backendRefs", 0, "port")(pick(r, "HTTPRoute", "campus")), "there is no port 80"),
    (lambda r: set_in("http", "spec", "parentRefs", 0, "sectionName")(pick(r, "HTTPRoute", "grades")), "travel in clear"),
    (lambda r: set_in("PathPrefixx", "spec", "rules", 0, "matches", 0, "path", "type")(pick(r, "HTTPRoute", "grades")), "PathPrefixx"),
    (lambda r: set_in(1, "spec", "template", "spec", "containers", 0, "imagee")(pick(r, "Deployment", "portal")), "imagee"),
    (lambda r: set_in("other", "metadata", "namespace")(pick(r, "Service", "mysql")), "not in so1p2"),
    (lambda r: set_in("grades-grpc-server=grades-redis:8080", "env", 2, "value")(container(r, "grades-grpc-client")), "one address for all"),
]

COMPOSE_FAULTS = [
    (lambda s: s.pop("grades-redis"), "no service runs grades-redis"),
    (lambda s: set_in("x", "portal", "environment", "BEDEL_LIVE__URI")(s), "BEDEL_LIVE__URI is no setting"),
    (lambda s: set_in("0.0.0.0:9000", "files", "command", 3)(s), "BEDEL_PEERS has"),
    (lambda s: set_in("3s", "files", "stop_grace_period")(s), "too little time to drain"),
    (lambda s: s["redis"].pop("healthcheck"), "waits for redis"),
    (lambda s: set_in(["8080:8080"], "gateway", "ports")(s), "open to everybody"),
    (lambda s: set_in(False, "accounts", "read_only")(s), "may write its image"),
]

BACKUP_DEMO_FAULTS = [
    (lambda s: s.pop("backup-server-2"), "a standby"),
    (lambda s: s.pop("node-3"), "three nodes"),
    (lambda s: set_in("node-1", "node-2", "environment", "NODE")(s), "nobody makes its token"),
    (lambda s: set_in([s["node-1"]["command"][0].replace("--allow /data/srv", "--allow /srv")], "node-1", "command")(s), "is not what it gives"),
    (lambda s: set_in("node-2:/data", "node-1", "volumes", 0)(s), "shares its data"),
    (lambda s: set_in("other:/data", "backup-server-2", "volumes", 0)(s), "keep packs in"),
    (lambda s: set_in([], "node-1", "cap_drop")(s), "has capabilities"),
    (lambda s: set_in("x", "gateway", "environment", "BEDEL_BACKUPS__LEVELS")(s), "is no setting"),
]


def missed(resources, judge):
    """The faults of a campus that nobody complains of."""
    return [f"a fault is not found: {wanted}" for make, wanted in FAULTS if not found(resources, make, judge, wanted)]


def missed_in_compose(whole, judge, faults):
    def within(changed, make):
        make(changed["services"])

    return [f"a fault is not found: {wanted}" for make, wanted in faults
            if not found(whole, lambda changed, make=make: within(changed, make), judge, wanted)]


def found(whole, make, judge, wanted):
    changed = copy.deepcopy(whole)
    make(changed)
    return any(wanted in complaint for complaint in judge(changed))
