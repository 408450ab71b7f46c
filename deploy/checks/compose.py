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
    roles = {role["name"]: role for role in roles}
    services = compose["services"]
    wrong, run_by = each(services, roles, settings)
    if missing := set(roles) - set(run_by):
        wrong.append(f"no service runs {', '.join(sorted(missing))}")
    wrong += peers(services, run_by, roles)
    told = services["grades-grpc-client"]["environment"].get("BEDEL_PEERS", "")
    servers = {peer.removeprefix("grades-grpc-server=") for peer in told.split(",")}
    if servers != (at := places(run_by.get("grades-grpc-server", {}))):
        wrong.append(f"grades-grpc-client: BEDEL_PEERS has {told}, at {sorted(at)}")
    return wrong


def check_backup_demo(compose, roles, settings):
    """A server, a standby and three nodes, whose agents find their tokens and have what they back up."""
    roles = {role["name"]: role for role in roles}
    services = compose["services"]
    wrong, run_by = each(services, roles, settings)
    expected = {"accounts", "gateway", "portal", "backup-server"}
    if set(run_by) != expected or len(run_by["backup-server"]) != 2:
        wrong.append(f"a server, a standby, a gateway, accounts and a portal are expected, not {run_by}")
    wrong += peers(services, run_by, expected)
    packs = {source(volume) for name in run_by.get("backup-server", {}) for volume in services[name]["volumes"]}
    if packs != {"campus"}:
        wrong.append(f"the servers keep packs in {sorted(packs)}")
    administrator = " ".join(services["administrator"]["command"])
    nodes = [name for name in services if name.startswith("node-")]
    if len(nodes) != 3:
        wrong.append(f"three nodes are expected, not {nodes}")
    for name in nodes:
        service = services[name]
        words = " ".join(service["command"])
        allowed = words.split("--allow ")[1].split()[0] if "--allow " in words else ""
        if service["environment"].get("NODE") != name or name not in administrator:
            wrong.append(f"{name}: nobody makes its token")
        if not allowed or f"$$node:9750 {allowed} " not in administrator or "--listen 0.0.0.0:9750" not in words:
            wrong.append(f"{name}: what is registered is not what it gives")
        if sorted(map(source, service["volumes"])) != [name, "tokens"]:
            wrong.append(f"{name}: shares its data")
    return wrong


def each(services, roles, settings):
    """What is wrong with a service by itself; and by role, where its services listen."""
    wrong, run_by = [], {}
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
            if words not in (["keys"], ["migrate"]) and "bedel " not in words[0]:
                wrong.append(f"{name}: unknown command {words}")
            continue
        role, listen = words[1], words[words.index("--listen") + 1]
        if role not in roles or not name.startswith(role):
            wrong.append(f"{name}: runs {role}")
            continue
        run_by.setdefault(role, {})[name] = listen
        if seconds(service["stop_grace_period"]) < roles[role]["drain_s"] + 5:
            wrong.append(f"{name}: has too little time to drain")
    published = {(one if isinstance(one, str) else str(one)) for service in services.values() for one in service.get("ports", [])}
    wrong += [f"port {port} is open to everybody" for port in published if not port.startswith("127.0.0.1:")]
    return wrong, run_by


def source(volume):
    """Which volume is mounted: docker-compose of before Compose 2 says it in one word."""
    return volume.split(":")[0] if isinstance(volume, str) else volume["source"]


def places(services):
    """Where the services of a role are found by others."""
    found = set()
    for service, listen in services.items():
        host, port = listen.rsplit(":", 1)
        found.add(f"{service if host == '0.0.0.0' else host}:{port}")
    return found


def peers(services, run_by, roles):
    """Whether the gateway knows where everybody is."""
    wrong, named = [], {}
    for peer in services["gateway"]["environment"].get("BEDEL_PEERS", "").split(","):
        role, _, place = peer.partition("=")
        named.setdefault(role, set()).add(place)
    # Nothing is sent on to faculties.
    for role in set(roles) - {"rooms-faculty"}:
        if named.get(role, set()) != (at := places(run_by.get(role, {}))):
            wrong.append(f"gateway: BEDEL_PEERS has {sorted(named.get(role, []))} for {role}, at {sorted(at)}")
    return wrong


def seconds(text):
    return float(text.rstrip("s")) if text.endswith("s") and "m" not in text else 60 * float(text.split("m")[0])
