# What lab-up, lab-down, provision and tests/run share. Sourced by bash, never run.
# shellcheck shell=bash

# The top of the checkout, however this file was reached.
vpclab_root=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd)

say() { printf '%s\n' "$*"; }
complain() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; }
die() {
    complain "$@"
    exit 1
}

# Bold on a terminal only, and never with NO_COLOR (https://no-color.org).
heading() {
    if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
        printf '\n\033[1m%s\033[0m\n' "$*"
    else
        printf '\n%s\n' "$*"
    fi
}

# require_root WHY ARG...: starts this script again as root where it is not, and says why.
require_root() {
    local why=$1
    shift
    [[ $EUID -ne 0 ]] || return 0
    command -v sudo >/dev/null || die "needs root ($why), and there is no sudo here: run it as root"
    say "$(basename "$0") needs root: $why. Starting again with sudo." >&2
    exec sudo --preserve-env=VPCLAB_RUN_DIR,VPCLAB_STATE_DIR,VPCLAB_BIN_DIR,NO_COLOR -- "$(readlink -f "$0")" "$@"
}

# as_owner COMMAND...: as the user who called sudo, if the checkout is theirs, so that what gets built stays theirs to
# remove; otherwise as we are.
as_owner() {
    if [[ $EUID -eq 0 && -n ${SUDO_UID:-} && ${SUDO_UID} -ne 0 && $(stat -c %u "$vpclab_root") == "$SUDO_UID" ]] &&
        [[ ! -e $vpclab_root/build || $(stat -c %u "$vpclab_root/build") == "$SUDO_UID" ]]; then
        sudo -H -u "#$SUDO_UID" -- "$@"
    else
        "$@"
    fi
}

# Shows the last line of a long command's output, in place.
follow() {
    local title=$1 start=$SECONDS line
    while IFS= read -r line; do
        printf '\r\033[K%s (%d s) %.60s' "$title" $((SECONDS - start)) "${line//[$'\t\r\e']/ }" >&2
    done
}

# step TITLE COMMAND...: runs a long command. On a terminal its progress is shown in one line; in a pipe there is one
# plain line. Its output is seen only if it fails. Returns its status.
step() {
    local title=$1 log status=0 start=$SECONDS
    shift
    log=$(mktemp)
    if [[ -t 2 ]]; then
        # Behind `||`: a caller's `set -e` would end it here, before it says what went wrong.
        "$@" 2>&1 | tee "$log" | follow "$title" || status=${PIPESTATUS[0]}
        printf '\r\033[K%s: %s (%d s)\n' "$title" "$([[ $status -eq 0 ]] && echo "done" || echo "failed")" $((SECONDS - start)) >&2
    else
        say "$title" >&2
        "$@" >"$log" 2>&1 || status=$?
    fi
    if [[ $status -ne 0 ]]; then
        complain "$title: exit status $status; the end of its output:"
        tail -n "${VPCLAB_LOG_LINES:-40}" "$log" >&2
    fi
    rm -f "$log"
    return "$status"
}

# As many compilers at once as there are processors, but no more than the memory can hold (about 700 MB each).
build_jobs() {
    local processors memory
    processors=$(nproc)
    memory=$(awk '/^MemAvailable:/ {print int($2 / 700000)}' /proc/meminfo)
    [[ $memory -ge 1 ]] || memory=1
    echo $((processors < memory ? processors : memory))
}

# The programs, without the tests, in build/.
build_programs() {
    step 'Configuring build/' as_owner cmake -S "$vpclab_root" -B "$vpclab_root/build" -G Ninja \
        -DCMAKE_BUILD_TYPE=Release -DVPCLAB_TESTS=OFF &&
        step 'Building build/' as_owner cmake --build "$vpclab_root/build" --parallel "$(build_jobs)"
}
