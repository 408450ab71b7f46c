"""Random files to send, and the table `files.csv` that says what is in them."""

import base64
import csv
import hashlib
import pathlib
import random

COLUMNS = ["path", "size", "middle", "before_middle", "sha256"]


def prepare(folder, sizes, count, seed):
    """Writes `count` files of `sizes` (least, most) megabytes each, evenly spread at random, unless they are there.

    `seed` chooses the sizes, so that two tools send the same; the bytes are new each time. Gives the table's rows.
    """
    folder = pathlib.Path(folder)
    table = folder / "files.csv"
    if table.exists():
        return read(folder)
    least, most = sizes
    folder.mkdir(parents=True, exist_ok=True)
    choose = random.Random(seed)
    rows = []
    for number in range(count):
        # One from each of `count` equal steps: random, and small ones are never all there is.
        low = least + (most - least) * number / count
        size = int(choose.uniform(low, low + (most - least) / count) * 1_000_000)
        path = folder / f"{number:03}.bin"
        digest = hashlib.sha256()
        with path.open("wb") as out:
            left = size
            while left:
                piece = random.randbytes(min(left, 1 << 20))
                digest.update(piece)
                out.write(piece)
                left -= len(piece)
        middle = size // 2
        rows.append({"path": str(path.resolve()), "size": size, "middle": middle, "before_middle": middle - 1,
                     "sha256": base64.b64encode(digest.digest()).decode()})
    with table.open("w", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return rows


def read(folder):
    """The rows of a folder that `prepare` filled."""
    with (pathlib.Path(folder) / "files.csv").open(newline="") as table:
        return [row | {name: int(row[name]) for name in ("size", "middle", "before_middle")}
                for row in csv.DictReader(table)]


def sizes(text):
    """`1-100` as (1, 100), megabytes."""
    least, _, most = text.partition("-")
    least, most = float(least), float(most or least)
    if not 0 < least <= most:
        raise ValueError(f"{text}: sizes in MB are expected, like 1-100")
    return least, most
