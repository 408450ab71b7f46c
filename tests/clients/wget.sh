#!/bin/bash
# wget -c: goes on with a download that was cut, and leaves a whole file alone.
set -euo pipefail
cd "$SCRATCH"

fail() {
    echo "wget.sh: $*" >&2
    exit 1
}
head --bytes 20000000 /dev/urandom >file
id=$(curl --silent --show-error --fail --header "Authorization: Bearer $BEDEL_TOKEN" --upload-file file \
    "$BEDEL_URL/api/v1/files?name=wget.bin" | sed 's/.*"id":"\([^"]*\)".*/\1/')
fetch=(wget --no-verbose --tries 1 --header "Authorization: Bearer $BEDEL_TOKEN" --output-document part
    "$BEDEL_URL/api/v1/files/$id/content")

"${fetch[@]}" --limit-rate 10M &
wget=$!
until [[ -s part ]]; do kill -0 "$wget" || fail "nothing arrived"; done
kill -KILL "$wget"
wait "$wget" || true
before=$(stat --format %s part)
[[ $before -gt 0 && $before -lt 20000000 ]] || fail "not cut: $before bytes"

"${fetch[@]}" --continue --server-response 2>log || fail "$(cat log)"
grep --quiet 'HTTP/1.1 206' log || fail "not continued: $(cat log)"
cmp file part
"${fetch[@]}" --continue 2>log || fail "a whole file: $(cat log)"
cmp file part
