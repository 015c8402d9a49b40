"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aurad.client.cli import interrupts
from aurad.model.errors import AuradError

STEP = 64 * 1024 * 1024  # bytes a single copy call may take, so that Ctrl-C is heard in between
_NO_KERNEL_COPY = {errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM}
_NO_LINK = {errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
_FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Turn what the system says about `path` into an error for people: E501 or E505."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise  # the daemon's line, not the disk
    except OSError as error:
        cause = error.strerror or str(error)
        if error.errno in _FULL:
            detail = f"cannot write {path}: {cause.lower()}"
            raise AuradError("E501-DISK", detail, remedy="Free some space, or choose another place with -o.") from error
        raise AuradError("E505-OUTPUT", f"cannot write {path}: {cause.lower()}") from error


def temporary(folder: Path) -> Path:
    """A name in `folder` that nobody uses, hidden and telling."""
    return folder / f".aurad-{secrets.token_hex(6)}.part"


def copy(fd: int, target: Path, size: int) -> None:
    """Write the content of `fd` to the new file `target`, durably; shares blocks where the disk can."""
    with target.open("xb") as file:
        _copy(fd, file.fileno())
        os.fsync(file.fileno())
    if (got := target.stat().st_size) != size:
        raise OSError(errno.EIO, f"{got} bytes came instead of {size}")


def link_or_copy(old: Path, new: Path) -> None:
    """Give `old` a second name, or make a copy where the file system has only one for each file."""
    try:
        os.link(old, new)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        with old.open("rb") as file:
            copy(file.fileno(), new, old.stat().st_size)


def sync_folder(folder: Path) -> None:
    """Make the folder's names last."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_whole(path: Path, data: bytes) -> None:
    """Replace `path` by a file with `data`, all or nothing; a pipe or device is simply written to."""
    with naming(path):
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        part = temporary(path.absolute().parent)
        try:
            part.write_bytes(data)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A private folder inside `folder`, which is made if need be; what is still there at the end is removed."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    part = temporary(folder)
    try:
        with interrupts.held():
            part.mkdir(parents=True)
        yield part
    finally:
        with interrupts.held():
            shutil.rmtree(part, ignore_errors=True)
            with suppress(OSError):  # they hold a result now
                for one in made:
                    one.rmdir()


def check_writable(folder: Path) -> None:
    """Try to make something in `folder`, or where it would be made; raises E505."""
    with naming(folder):
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{there} is not a folder")
        with interrupts.held():
            part = temporary(there)
            part.mkdir()
            part.rmdir()


def _copy(source: int, target: int) -> None:
    try:
        while os.copy_file_range(source, target, STEP):
            pass
    except OSError as error:
        if error.errno not in _NO_KERNEL_COPY:
            raise
        os.lseek(source, 0, os.SEEK_SET)
        os.ftruncate(target, 0)
        os.lseek(target, 0, os.SEEK_SET)
        while chunk := os.read(source, 1024 * 1024):
            view = memoryview(chunk)
            while view:
                view = view[os.write(target, view) :]
