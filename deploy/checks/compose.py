"""compose.yaml: as docker-compose reads it, and whether it is about the roles there are."""

import json
import os
import subprocess

import yaml

EXAMPLE = {"MYSQL_PASSWORD": "example", "BEDEL_ADMIN_PASSWORD": "example"}
NOT_ROLES = {"mysql", "redis", "keys", "migrate"}


def read(path):
    """The whole file, resolved; what docker-compose does not understand is refused."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("BEDEL_", "MYSQL_", "COMPOSE_"))}
    for missing in EXAMPLE:
        some = clean | {name: value for name, value in EXAMPLE.items() if name != missing}
        done = run(path, some)
        if done.returncode == 0:
            raise ValueError(f"{path.name} is accepted without {missing}")
    done = run(path, clean | EXAMPLE)
    if done.returncode != 0:
        raise ValueError(f"{path.name}: {done.stderr.strip()}")
    return yaml.safe_load(done.stdout)


def run(path, environment):
    return subprocess.run(["docker-compose", "--file", str(path), "config"], capture_output=True, text=True, check=False,
                          env=environment)


def check(compose, roles, settings):
    wrong = []
    roles = {role["name"]: role for role in roles}
    services = compose["services"]
    run_by = {}
    for name, service in services.items():
        if name in ("mysql", "redis"):
            continue
        words = service["command"]
        for setting in service.get("environment", {}):
            if setting.startswith("BEDEL_") and setting not in settings:
                wrong.append(f"{name}: {setting} is no setting of bedel")
        if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
            wrong.append(f"{name}: may write its image, or has capabilities")
        for other, how in service.get("depends_on", {}).items():
            healthy = how["condition"] == "service_healthy"
            if other not in services or (healthy and "healthcheck" not in services[other]):
                wrong.append(f"{name}: waits for {other}, which never is as it waits for")
        if words[0] != "run":
            if words not in (["keys"], ["migrate"]):
                wrong.append(f"{name}: unknown command {words}")
            continue
        role, listen = words[1], words[words.index("--listen") + 1]
        if role not in roles or not name.startswith(role):
            wrong.append(f"{name}: runs {role}")
            continue
        run_by.setdefault(role, {})[name] = listen
        if seconds(service["stop_grace_period"]) < roles[role]["drain_s"] + 5:
            wrong.append(f"{name}: has too little time to drain")
    if missing := set(roles) - set(run_by):
        wrong.append(f"no service runs {', '.join(sorted(missing))}")
    wrong += peers(services, run_by, roles)
    published = {(one if isinstance(one, str) else str(one)) for service in services.values() for one in service.get("ports", [])}
    wrong += [f"port {port} is open to everybody" for port in published if not port.startswith("127.0.0.1:")]
    return wrong


def peers(services, run_by, roles):
    """Whether those who send requests on know where everybody is."""
    wrong, named, at = [], {}, {}
    for role in roles:
        for service, listen in run_by.get(role, {}).items():
            host, port = listen.rsplit(":", 1)
            at.setdefault(role, set()).add(f"{service if host == '0.0.0.0' else host}:{port}")
    for peer in services["gateway"]["environment"].get("BEDEL_PEERS", "").split(","):
        role, _, place = peer.partition("=")
        named.setdefault(role, set()).add(place)
    # Nothing is sent on to faculties.
    for role in set(roles) - {"rooms-faculty"}:
        if named.get(role) != at.get(role):
            wrong.append(f"gateway: BEDEL_PEERS has {sorted(named.get(role, []))} for {role}, at {sorted(at.get(role, []))}")
    told = services["grades-grpc-client"]["environment"].get("BEDEL_PEERS", "")
    servers = {peer.removeprefix("grades-grpc-server=") for peer in told.split(",")}
    if servers != at.get("grades-grpc-server"):
        wrong.append(f"grades-grpc-client: BEDEL_PEERS has {told}, at {sorted(at.get('grades-grpc-server', []))}")
    return wrong


def seconds(text):
    return float(text.rstrip("s")) if text.endswith("s") and "m" not in text else 60 * float(text.split("m")[0])
