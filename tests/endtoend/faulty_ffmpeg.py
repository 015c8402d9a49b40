"""An FFmpeg that fails on demand: the file `mode` beside it says how. Listings and trials are the real one's.

The daemon knows it by path, size and time, so a changed mode goes unnoticed, as a disk's or driver's fault would.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
REAL = (HERE / "real").read_text()
LACKS = "lacks "  # and the name of what is not listed
LISTINGS = {"-encoders", "-filters", "-version", "-buildconf"}


def main() -> None:
    mode, argv = (HERE / "mode").read_text(), sys.argv[1:]
    if LISTINGS & set(argv):
        listing = subprocess.run([REAL, *argv], capture_output=True, text=True, check=True).stdout
        gone = f" {mode.removeprefix(LACKS)} " if mode.startswith(LACKS) else "\n"
        print("\n".join(line for line in listing.splitlines() if gone not in line))
    elif mode == "real" or mode.startswith(LACKS) or not concerned(mode, argv):
        os.execv(REAL, [REAL, *argv])
    else:
        FAULTS[mode](argv)


def concerned(mode: str, argv: list[str]) -> bool:
    """Whether this run is the one to fail: an encoder, or the last of all."""
    return argv[-1].endswith("/video.mp4") if mode == "no package" else "libx264" in argv


def crash(argv: list[str]) -> None:
    sys.stdin.buffer.read(1000)
    print("x264 [error]: malloc of size 31337 failed", file=sys.stderr)
    os.abort()


def hang(argv: list[str]) -> None:
    time.sleep(3600)


def chatter(argv: list[str]) -> None:
    while True:
        report(argv, 1, "continue")
        print("frame=    1 fps=0.0 q=0.0 still busy", file=sys.stderr, flush=True)
        time.sleep(0.05)


def nothing(argv: list[str]) -> None:
    report(argv, swallow(argv), "end")


def empty(argv: list[str]) -> None:
    Path(argv[-1]).touch()
    report(argv, swallow(argv), "end")


def audio(argv: list[str]) -> None:
    frames = swallow(argv)
    sound = ["-loglevel", "error", "-f", "lavfi", "-i", "sine=d=1", "-c:a", "aac", "-y", argv[-1]]
    subprocess.run([REAL, *sound], check=True)
    report(argv, frames, "end")


def short(argv: list[str]) -> None:
    """A frame less than was sent, and honest about it."""
    report(argv, swallow(argv) - 1, "end")


def full(argv: list[str]) -> None:
    print(f"av_interleaved_write_frame(): No space left on device\n{argv[-1]}", file=sys.stderr)
    sys.exit(1)


def package(argv: list[str]) -> None:
    print("cannot write the container", file=sys.stderr)
    sys.exit(1)


def swallow(argv: list[str]) -> int:
    """Read all frames; their number."""
    width, height = map(int, re.findall(r"\d+", argv[argv.index("-s") + 1]))
    size = 0
    while chunk := os.read(0, 1 << 20):
        size += len(chunk)
    return size * 2 // (width * height * 3)


def report(argv: list[str], frame: int, progress: str) -> None:
    pipe = int(argv[argv.index("-progress") + 1].removeprefix("pipe:"))
    os.write(pipe, f"frame={frame}\nout_time_us={frame * 1000}\nprogress={progress}\n".encode())


FAULTS = {
    "crash": crash, "hang": hang, "chatter": chatter, "nothing": nothing, "empty": empty, "audio": audio,
    "short": short, "full": full, "no package": package,
}  # fmt: skip

if __name__ == "__main__":
    main()
