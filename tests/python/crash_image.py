"""What a crash of the process would leave, taken without killing it."""

import shutil
from pathlib import Path


def crash_image(directory: Path, image: Path) -> None:
    """Copies the files of an open database that nobody writes to, all as of one moment.

    Segments are prepared and removed in the background: copies again if something moved. A
    database that never comes to rest fails.
    """
    for _ in range(1_000):
        try:
            before = _state(directory)
            shutil.copytree(directory, image)
            if _state(directory) == before:
                return
        except (FileNotFoundError, shutil.Error):
            pass  # a file went while we looked
        shutil.rmtree(image, ignore_errors=True)
    raise AssertionError("with nobody writing, the files go on changing")


def _state(directory: Path) -> list[tuple[str, int, int, int]]:
    """Changes with every change of a file that is not a store into mapped memory."""
    stats = [(path.name, path.stat()) for path in sorted(directory.iterdir())]
    return [(name, stat.st_ino, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
