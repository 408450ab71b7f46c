"""What is measured and what it needs: MariaDB, Redis, a campus, and the peers behind a gateway of Bedel's."""

import json
import os
import pathlib
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PEERS = ROOT / "bench/peers/grades"
VENV = ROOT / ".tools/venv-grades"
TICKS = os.sysconf("SC_CLK_TCK")
PASSWORD = "a-password-for-benchmarks"
# What is measured is not the limit of one account.
UNLIMITED = {f"BEDEL_GATEWAY__{name}": "100000000" for name in
             ("CONNECTIONS_PER_ADDRESS", "REQUESTS_PER_ADDRESS", "REQUESTS_PER_ACCOUNT")}
# The peers' tuning: see bench/peers/grades/README.md.
FLASK_WORKERS, FLASK_THREADS, POOL = 2, 16, 64


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def family(pid):
    found = [pid]
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for child in children:
            found += family(int(child))
    return found


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


class Process:
    """A program that is ended with this value, its children too."""

    def __init__(self, name, command, folder, environment=None):
        self.name, self.log = name, folder / f"{name}.log"
        with self.log.open("ab") as out:
            self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env=os.environ | (environment or {}), start_new_session=True)

    def wait_for(self, ready, seconds=60):
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{self.name} did not start:\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)
        return self

    def pids(self):
        return family(self.process.pid)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


class MariaDb:
    """Durable at each commit; as large as a server for this alone would be."""

    def __init__(self, folder):
        self.folder, self.port, self.databases = folder / "mariadb", free_port(), 0
        self.folder.mkdir()
        root = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(["mariadb-install-db", "--no-defaults", "--force", "--auth-root-authentication-method=normal",
                        "--skip-test-db", f"--datadir={self.folder}/data", *root],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        (self.folder / "init.sql").write_text(
            "CREATE USER IF NOT EXISTS bench@'127.0.0.1' IDENTIFIED BY 'bench';\nGRANT ALL ON *.* TO bench@'127.0.0.1';\n")
        self.process = Process("mariadbd", [
            "mariadbd", "--no-defaults", *root, f"--datadir={self.folder}/data", f"--socket={self.folder}/sock",
            f"--pid-file={self.folder}/pid", f"--init-file={self.folder}/init.sql", f"--tmpdir={self.folder}",
            "--bind-address=127.0.0.1", f"--port={self.port}", "--skip-name-resolve", "--performance-schema=OFF",
            "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=512M", "--innodb-log-file-size=512M",
            "--max-connections=600", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin"], folder)
        self.process.wait_for(lambda: self.run("SELECT 1", quiet=True) == "1", 120)

    def run(self, statements, database="", quiet=False):
        command = ["mariadb", "--no-defaults", "--batch", "--skip-column-names", "--user=bench", "--password=bench",
                   "--host=127.0.0.1", f"--port={self.port}", "--execute", statements, database]
        done = subprocess.run([word for word in command if word], capture_output=True, text=True, check=False)
        if done.returncode != 0 and not quiet:
            sys.exit(f"MariaDB: {done.stderr}")
        return done.stdout.strip()

    def database(self):
        """A new one, empty."""
        self.databases += 1
        name = f"bench{self.databases}"
        self.run(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")
        return name

    def url(self, database):
        return f"mysql://bench:bench@127.0.0.1:{self.port}/{database}"


class Redis:
    """Keeps nothing on the disk: the live figures can be had again from SQL."""

    def __init__(self, folder):
        self.port = free_port()
        self.process = Process("redis", ["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--save", "",
                                         "--appendonly", "no", "--dir", folder], folder)
        self.process.wait_for(lambda: listens(self.port))
        self.url = f"redis://127.0.0.1:{self.port}"

    def flush(self):
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            assert connection.recv(16).startswith(b"+OK")


class Campus:
    """Bedel as it starts by itself, with one gateway, as the peers have."""

    def __init__(self, program, folder, sql, redis, more=None):
        self.program, self.data = program, folder / "data"
        rooms = 20_000 + random.randrange(300) * 30
        settings = UNLIMITED | {
            "BEDEL_ADMIN_PASSWORD": PASSWORD,
            "BEDEL_GATEWAY__LISTEN_TLS": "127.0.0.1:0",
            "BEDEL_ORCHESTRATOR__REPLICAS": "{ gateway = 1 }",
            "BEDEL_SQL__URL": sql,
            "BEDEL_LIVE__URL": redis.url,
            "BEDEL_ROOMS__LISTEN": f"127.0.0.1:{rooms}",
            "BEDEL_ROOMS__HEARTBEAT_LISTEN": f"127.0.0.1:{rooms + 10}",
            "BEDEL_ROOMS__FACULTY_LISTEN": f"127.0.0.1:{rooms + 20}",
        } | (more or {})
        self.process = Process("campus", [program, "up", "--data", self.data, "--listen", "127.0.0.1:0"], folder, settings)
        self.process.wait_for(lambda: (self.status() or {}).get("ready"), 120)
        self.url = "http://" + self.status()["endpoints"]["http"]
        session = self.post("/auth/login", {"username": "admin", "password": PASSWORD})
        self.token = self.post("/tokens", {"name": "bench", "scopes": ["grades:write"]}, session["access_token"])["token"]

    def status(self):
        done = subprocess.run([self.program, "status", "--json", "--data", self.data], capture_output=True, text=True, check=False)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def post(self, path, body, token=None):
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(f"{self.url}/api/v1{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def get(self, path, token):
        request = urllib.request.Request(f"{self.url}/api/v1{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def pids(self):
        return [one["pid"] for role in self.status()["roles"] for one in role["replicas"]] + [self.process.process.pid]

    def stop(self):
        self.process.stop()
        subprocess.run([self.program, "down", "--data", self.data], capture_output=True, check=False)


class Peer:
    """Both routes of a peer behind a gateway of Bedel's."""

    def __init__(self, program, folder, commands, ports):
        self.token, self.processes = "", []
        environment = UNLIMITED | {"BEDEL_GATEWAY__LISTEN_TLS": "127.0.0.1:0"}
        data = folder / "gateway"
        try:
            for name, command, variables in commands:
                self.processes.append(Process(name, command, folder, variables))
            for port in ports["all"]:
                self.processes[-1].wait_for(lambda port=port: listens(port))
            subprocess.run([program, "keys", "--data", data], check=True, stdout=subprocess.DEVNULL)
            door = free_port()
            self.processes.append(Process("gateway", [
                program, "run", "gateway", "--data", data, "--listen", f"127.0.0.1:{door}",
                "--peer", f"grades-grpc-client=127.0.0.1:{ports['grpc']}", "--peer", f"grades-redis=127.0.0.1:{ports['redis']}",
            ], folder, environment))
            self.url = f"http://127.0.0.1:{door}"
            for route in ("grpc", "redis"):
                self.processes[-1].wait_for(lambda port=ports[route]: answers(f"http://127.0.0.1:{port}/readyz"))
            self.processes[-1].wait_for(lambda: listens(door) and self.routes())
        except BaseException:
            self.stop()
            raise

    def routes(self):
        """Whether the gateway knows both routes: an empty record is refused by the peer, not by the gateway."""
        for path in ("route1", "route2"):
            request = urllib.request.Request(f"{self.url}/api/v1/grades/{path}", b"{}", {"Content-Type": "application/json"})
            try:
                urllib.request.urlopen(request, timeout=2).close()
            except urllib.error.HTTPError as refused:
                if refused.code != 422:
                    return False
            except OSError:
                return False
        return True

    def pids(self):
        return [pid for process in self.processes for pid in process.pids()]

    def stop(self):
        for process in reversed(self.processes):
            process.stop()


def flask(program, folder, mariadb, redis):
    database = mariadb.database()
    mariadb.run((PEERS / "schema.mysql.sql").read_text(), database)
    api = {"grpc": free_port(), "redis": free_port()}
    servers = [free_port() for _ in range(FLASK_WORKERS)]
    variables = {
        "PEER_SQL_HOST": "127.0.0.1", "PEER_SQL_PORT": str(mariadb.port), "PEER_SQL_USER": "bench",
        "PEER_SQL_PASSWORD": "bench", "PEER_SQL_DATABASE": database, "PEER_REDIS": redis.url,
        "PEER_SERVERS": ",".join(f"127.0.0.1:{port}" for port in servers), "PEER_WORKERS": str(FLASK_WORKERS),
        "PEER_THREADS": str(FLASK_THREADS), "PYTHONPATH": str(PEERS / "flask"),
    }
    gunicorn = [VENV / "bin/gunicorn", "--config", PEERS / "flask/gunicorn.conf.py", "--chdir", PEERS / "flask", "api:app"]
    commands = [("flask-server", [VENV / "bin/python", PEERS / "flask/server.py"], variables)]
    for route, port in api.items():
        commands.append((f"flask-{route}", gunicorn, variables | {"PEER_ROUTE": route, "PEER_LISTEN": f"127.0.0.1:{port}"}))
    peer = Peer(program, folder, commands, api | {"all": [*servers, *api.values()]})
    peer.rows = lambda: int(mariadb.run("SELECT COUNT(*) FROM grades", database))
    return peer


def axum(program, binary, folder, sql, redis):
    ports = {"grpc": free_port(), "redis": free_port()}
    server = free_port()
    stores = ["--sql", sql, "--redis", redis.url, "--connections", POOL]
    commands = [
        ("axum-server", [binary, "server", "--listen", f"127.0.0.1:{server}", *stores], {}),
        ("axum-grpc", [binary, "client", "--listen", f"127.0.0.1:{ports['grpc']}", "--server", f"http://127.0.0.1:{server}"], {}),
        ("axum-redis", [binary, "redis", "--listen", f"127.0.0.1:{ports['redis']}", *stores], {}),
    ]
    return Peer(program, folder, commands, ports | {"all": [server, *ports.values()]})


def axum_on_mariadb(program, binary, folder, mariadb, redis):
    database = mariadb.database()
    mariadb.run((PEERS / "schema.mysql.sql").read_text(), database)
    peer = axum(program, binary, folder, mariadb.url(database), redis)
    peer.rows = lambda: int(mariadb.run("SELECT COUNT(*) FROM grades", database))
    return peer


def sqlite_file(folder):
    """A file with the peers' table, and how it is named."""
    path = folder / "peer.db"
    with sqlite3.connect(path) as connection:
        connection.executescript("PRAGMA journal_mode = WAL;" + (PEERS / "schema.sqlite.sql").read_text())
    return path


def axum_on_sqlite(program, binary, folder, redis):
    path = sqlite_file(folder)
    peer = axum(program, binary, folder, f"sqlite:{path}", redis)
    peer.rows = lambda: sqlite3.connect(path).execute("SELECT COUNT(*) FROM grades").fetchone()[0]
    return peer
