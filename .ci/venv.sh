# Shared by ./try and ./check: find a Python, make a virtual environment, install aurad into it.
# POSIX sh, sourced with $root set to the checkout. Talk goes to stderr.

say() { printf 'aurad: %s\n' "$*" >&2; }

die() {
    say "$1"
    printf '       %s\n' "$2" >&2
    exit 1
}

# usable PYTHON ODDEST [MODULE]: does it run (a pyenv shim may not), is it 3.11..3.ODDEST, and is it whole?
usable() {
    "$1" -c "import sys, ssl, sqlite3, venv, ${3:-venv}; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, $2))" >/dev/null 2>&1
}

# The first usable Python: one that can make environments by itself, if there is any; 3.14 and later only if there is
# no other, since wheels may be missing for it.
find_python() {
    for wanted in "13 ensurepip" "13 venv" "99 ensurepip" "99 venv"; do
        for python in ${AURAD_PYTHON:-} python3 python3.13 python3.12 python3.11 /usr/bin/python3 \
            "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[1-9]*/bin/python; do
            if usable "$python" ${wanted% *} ${wanted#* }; then
                "$python" -c 'import sys; print(sys.executable)' # a shim would decide anew in another folder
                return
            fi
        done
    done
    die "cannot find Python 3.11 or later" "install it (Debian: apt install python3 python3-venv) or set AURAD_PYTHON"
}

# place SUFFIX: beside the checkout, else inside it where the parent cannot be written.
place() {
    if [ -w "$(dirname "$root")" ]; then printf '%s%s\n' "$root" "$1"; else printf '%s/%s\n' "$root" "$1"; fi
}

# make_venv PYTHON FOLDER. Debian may ship venv without ensurepip; then any pip that is there fills the folder.
make_venv() {
    rm -rf "$2"
    "$1" -m venv "$2" >/dev/null 2>&1 && return
    rm -rf "$2"
    if error=$("$1" -m venv --without-pip "$2" 2>&1); then
        "$1" -m pip --python "$2/bin/python" install --quiet pip >/dev/null 2>&1 && return
        command -v uv >/dev/null && uv pip install --quiet --python "$2/bin/python" pip >/dev/null 2>&1 && return
        error="this Python has neither ensurepip nor a pip that could fill it"
    fi
    rm -rf "$2"
    die "cannot make a virtual environment in $2: $error" \
        "without root: put uv on PATH, or set AURAD_PYTHON to a whole Python; with root: apt install python3-venv"
}

# stamp EXTRA: changes when an installed environment no longer fits. Sources are not in it: they are used in place.
stamp() {
    printf '%s%s\n' "$root" "$1"
    cksum <"$root/pyproject.toml"
    cksum <"$root/constraints.txt"
}

# ready FOLDER EXTRA: is everything installed there already? Starts no Python, so a second ./try costs nothing.
ready() {
    [ -x "$1/bin/python" ] && [ -x "$1/bin/auractl" ] && [ "$(cat "$1/aurad-stamp" 2>/dev/null)" = "$(stamp "$2")" ]
}

# provide FOLDER EXTRA PYTHON: make FOLDER hold aurad[EXTRA]. Two at once wait for each other on the checkout itself.
provide() (
    ready "$1" "$2" && return
    exec 9<"$root"
    if command -v flock >/dev/null && ! flock -n 9; then
        say "waiting for another set-up of this checkout"
        flock 9
        ready "$1" "$2" && return
    fi
    if ! "$1/bin/python" -m pip --version >/dev/null 2>&1; then
        python=${3:-$(find_python)} || exit 1
        say "making a virtual environment in $1 ($("$python" --version))"
        make_venv "$python" "$1"
    fi
    rm -f "$1/aurad-stamp"
    say "installing aurad and what it needs (once; about 600 MB of disk)"
    if ! "$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --constraint "$root/constraints.txt" --editable "$root$2" >"$1/install.log" 2>&1; then
        tail -n 15 "$1/install.log" >&2
        die "cannot install aurad: pip failed" "the whole story is in $1/install.log; is there a network?"
    fi
    stamp "$2" >"$1/aurad-stamp"
)

# What a caller's environment must not change in ours.
unset PYTHONHOME PYTHONPATH
export PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0
