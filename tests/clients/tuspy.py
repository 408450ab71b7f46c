"""tuspy: an upload whose process dies goes on in another process, from what its URL storage remembers."""

import base64
import hashlib
import os
import pathlib
import signal
import subprocess
import sys

import requests
from tusclient.client import TusClient
from tusclient.storage.filestorage import FileStorage

SIZE = 30_000_000
CHUNK = 4_000_000
SENT_BEFORE_DEATH = 3 * CHUNK

url, scratch = os.environ["BEDEL_URL"], pathlib.Path(os.environ["SCRATCH"])
headers = {"Authorization": "Bearer " + os.environ["BEDEL_TOKEN"]}
path = scratch / "file"


def uploader():
    return TusClient(url + "/api/v1/uploads", headers=headers).uploader(
        str(path),
        chunk_size=CHUNK,
        metadata={"filename": "tuspy.bin", "filetype": "application/octet-stream"},
        store_url=True,
        url_storage=FileStorage(str(scratch / "urls.json")),
    )


def first():
    upload = uploader()
    upload.upload(stop_at=SENT_BEFORE_DEATH)
    os.kill(os.getpid(), signal.SIGKILL)


def second():
    upload = uploader()
    assert upload.offset == SENT_BEFORE_DEATH, f"goes on at {upload.offset}"
    upload.upload()
    print(upload.url)


def main():
    content = os.urandom(SIZE)
    path.write_bytes(content)
    died = subprocess.run([sys.executable, __file__, "first"], check=False)
    assert died.returncode == -signal.SIGKILL, f"the first process was to die, not to end with {died.returncode}"
    went_on = subprocess.run([sys.executable, __file__, "second"], check=True, capture_output=True, text=True)

    place = went_on.stdout.strip()
    head = requests.head(place, headers=headers | {"Tus-Resumable": "1.0.0"}, timeout=60)
    assert head.headers["Upload-Offset"] == str(SIZE), head.headers
    listed = requests.get(url + "/api/v1/files", params={"q": "tuspy"}, headers=headers, timeout=60).json()["items"]
    (file,) = [file for file in listed if file["name"] == "tuspy.bin"]
    assert file["size"] == SIZE and file["sha256"] == hashlib.sha256(content).hexdigest(), file
    answer = requests.get(f"{url}/api/v1/files/{file['id']}/content", headers=headers, timeout=60)
    assert answer.content == content, "what came back is something else"
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:", answer.headers


{"first": first, "second": second}.get("".join(sys.argv[1:]), main)()
