#!/bin/bash
# curl: -T uploads, a download that was cut goes on with -C -, ranges; HTTP/1.1, h2c and HTTP/2 over TLS.
set -euo pipefail
cd "$SCRATCH"

fail() {
    echo "curl.sh: $*" >&2
    exit 1
}
campus() { curl --silent --show-error --header "Authorization: Bearer $BEDEL_TOKEN" "$@"; }
field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }

head --bytes 30000000 /dev/urandom >file
sha256=$(sha256sum file | cut -c 1-64)
digest=$(openssl dgst -sha256 -binary file 2>/dev/null | base64 || python3 -c "
import base64; print(base64.b64encode(bytes.fromhex('$sha256')).decode())")

echo "-- upload"
for protocol in --http1.1 --http2-prior-knowledge; do
    code=$(campus "$protocol" --upload-file file --output answer --dump-header headers --write-out '%{http_code}' \
        "$BEDEL_URL/api/v1/files?name=matem%C3%A1ticas%20$protocol.bin")
    [[ $code == 201 ]] || fail "$protocol: PUT answered $code: $(cat answer)"
    [[ $(field sha256 <answer) == "$sha256" ]] || fail "$protocol: another digest: $(cat answer)"
done
id=$(field id <answer)
content=$BEDEL_URL/api/v1/files/$id/content
grep --quiet --ignore-case "^location: .*/api/v1/files/$id" headers || fail "no Location: $(cat headers)"

echo "-- whole, by three protocols"
campus --http1.1 --dump-header headers --output whole "$content"
cmp file whole
grep --quiet --ignore-case --fixed-strings "repr-digest: sha-256=:$digest:" headers || fail "no Repr-Digest: $(cat headers)"
grep --quiet --ignore-case '^accept-ranges: bytes' headers || fail "no Accept-Ranges: $(cat headers)"
campus --http2-prior-knowledge --output whole "$content"
cmp file whole
if [[ -n ${BEDEL_TLS_URL:-} ]]; then
    version=$(campus --insecure --http2 --output whole --write-out '%{http_version}' "$BEDEL_TLS_URL/api/v1/files/$id/content")
    cmp file whole
    [[ $version == 2 ]] || fail "HTTP/$version over TLS instead of 2"
fi

echo "-- cut and continued"
# Not `campus`: a function in the background is a shell, and killing that leaves curl alive.
curl --silent --header "Authorization: Bearer $BEDEL_TOKEN" --limit-rate 20M --output part "$content" &
curl=$!
until [[ -s part ]]; do kill -0 "$curl" || fail "nothing arrived"; done
kill -KILL "$curl"
wait "$curl" || true
before=$(stat --format %s part)
[[ $before -gt 0 && $before -lt 30000000 ]] || fail "not cut: $before bytes"
got=$(campus --continue-at - --output part --write-out '%{http_code} %{size_download}' "$content")
[[ $got == "206 $((30000000 - before))" ]] || fail "continued with '$got' at $before"
cmp file part

echo "-- ranges"
range() { # RANGE FIRST COUNT
    campus --range "$1" --output range --write-out '%{http_code}' "$content" | grep --quiet 206 || fail "range $1"
    cmp --ignore-initial "$2:0" --bytes "$3" file range
    [[ $(stat --format %s range) == "$3" ]] || fail "range $1: $(stat --format %s range) bytes"
}
range 0-0 0 1
range 1000-1999 1000 1000
range 29999990- 29999990 10
range -10 29999990 10
campus --range 0-9,100-109 --output ranges --dump-header headers "$content"
grep --quiet --ignore-case '^content-type: multipart/byteranges' headers || fail "two ranges: $(cat headers)"
code=$(campus --range 30000000- --output range --write-out '%{http_code}' "$content")
[[ $code == 416 ]] || fail "beyond the end: $code"

echo "-- the same file, or the whole of another"
etag=$(campus --head "$content" | sed --quiet 's/^etag: *\(.*\)\r$/\1/Ip')
[[ $etag == \"* ]] || fail "no strong ETag: $etag"
code=$(campus --header "If-Range: $etag" --range 0-9 --output range --write-out '%{http_code}' "$content")
[[ $code == 206 ]] || fail "If-Range with the same ETag: $code"
code=$(campus --header 'If-Range: "another"' --range 0-9 --output range --write-out '%{http_code}' "$content")
[[ $code == 200 ]] || fail "If-Range with another ETag: $code"
code=$(campus --header "If-None-Match: $etag" --output range --write-out '%{http_code}' "$content")
[[ $code == 304 ]] || fail "If-None-Match: $code"

echo "-- without a token, and gone"
code=$(curl --silent --output answer --write-out '%{http_code}' "$content")
[[ $code == 401 || $code == 404 ]] || fail "without a token: $code"
code=$(campus --request DELETE --output answer --write-out '%{http_code}' "$BEDEL_URL/api/v1/files/$id")
[[ $code == 204 ]] || fail "DELETE answered $code"
code=$(campus --output answer --write-out '%{http_code}' "$content")
[[ $code == 410 ]] || fail "after DELETE: $code"
