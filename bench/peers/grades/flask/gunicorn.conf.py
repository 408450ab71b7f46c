"""Threads, since a request waits for MySQL; `sync` workers would drop every kept connection."""

import os

bind = os.environ["PEER_LISTEN"]
workers = int(os.environ["PEER_WORKERS"])
threads = int(os.environ["PEER_THREADS"])
worker_class = "gthread"
worker_connections = 4096
keepalive = 75
backlog = 4096
# The workers' sign of life, off the disk that MySQL syncs.
worker_tmp_dir = "/dev/shm"
accesslog = None
loglevel = "warning"
