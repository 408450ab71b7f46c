# What every script begins with: sourced, never run. Leaves the shell in the repository's root.
# shellcheck shell=bash
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
tools=$root/.tools
# The browser tests use the system's Chromium.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 PUPPETEER_SKIP_DOWNLOAD=1
# Node trusts a list of its own; behind a campus's inspecting proxy the system's is the one that works.
[[ ! -r /etc/ssl/certs/ca-certificates.crt ]] ||
    export NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}

say() { printf 'bedel: %s\n' "$*" >&2; }

die() {
    say "$@"
    exit 1
}

# Puts the tools that scripts/tools chose before everything else in PATH.
use_tools() {
    # shellcheck disable=SC1091
    source "$tools/environment"
}

# Where cargo puts what it builds.
target_dir() { printf '%s\n' "${CARGO_TARGET_DIR:-$root/target}"; }

# alone NAME: returns when no other process is inside NAME; the lock ends with this process, not with its children's.
alone() {
    mkdir -p "$tools"
    exec 9>>"$tools/$1.lock"
    if ! flock --nonblock 9; then
        say "another process ($(tail -n 1 "$tools/$1.lock")) is busy with '$1' in this folder; waiting for it"
        flock 9
    fi
    echo $$ >"$tools/$1.lock"
}

# Tests that make networks need root; asks for the password once, now, and keeps the answer fresh.
keep_root() {
    [[ $(id --user) -ne 0 ]] || return 0
    sudo --validate || die "the tests make network namespaces: they need root or sudo"
    local parent=$$
    while sleep 60 && kill -0 "$parent" 2>/dev/null; do sudo --non-interactive --validate; done 9>&- </dev/null &
}

# digest PATH…: one line that changes when a file under the paths changes.
digest() {
    find "$@" \( -name node_modules -o -name dist -o -name test-results \) -prune -o -type f -print0 |
        sort --zero-terminated | xargs --null sha256sum | sha256sum | cut -c 1-64
}
