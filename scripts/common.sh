# Shared by the scripts of this folder: where the repository is, and one way of saying things.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ -t 2 && -z "${NO_COLOR:-}" ]]; then
    bold=$'\e[1m' red=$'\e[31m' plain=$'\e[0m'
else
    bold='' red='' plain=''
fi

# say WHAT: one line of progress.
say() { printf '%s==>%s %s\n' "$bold" "$plain" "$*" >&2; }

# fail WHAT: one line that says what is wrong and what to do, then a failing exit.
fail() {
    printf '%serror:%s %s\n' "$red" "$plain" "$*" >&2
    exit 1
}
