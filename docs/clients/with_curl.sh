#!/bin/sh
# A service: takes a token of its own and calls an API, with curl and openssl 3.
set -eu
: "${ISSUER:?}" "${CLIENT_ID:?}" "${CLIENT_SECRET:?}" "${API:?}" "${RESOURCE:?}"

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# The key of the client. Whoever has this file can use its tokens.
[ -f key.pem ] || (umask 077 && openssl genpkey -algorithm ed25519 -out key.pem)
x=$(openssl pkey -in key.pem -pubout -outform DER | tail -c 32 | base64url)
header=$(printf '{"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"%s"}}' "$x")

# proof METHOD URL [MORE_CLAIMS]: for one request, so never use one again.
proof() {
  claims=$(printf '{"jti":"%s","htm":"%s","htu":"%s","iat":%s%s}' \
    "$(openssl rand -hex 16)" "$1" "$2" "$(date +%s)" "${3-}")
  input=$(printf %s "$header" | base64url).$(printf %s "$claims" | base64url)
  message=$(mktemp)
  printf %s "$input" > "$message"
  echo "$input.$(openssl pkeyutl -sign -rawin -inkey key.pem -in "$message" | base64url)"
  rm "$message"
}

# The secret goes to curl on its stdin: arguments are for everyone on the machine to read.
ask() {
  printf 'user = "%s:%s"\n' "$CLIENT_ID" "$CLIENT_SECRET" |
    curl -sS -K - -D headers.txt "$ISSUER/token" -H "DPoP: $1" \
      -d grant_type=client_credentials -d scope=notes.read --data-urlencode "resource=$RESOURCE"
}

answer=$(ask "$(proof POST "$ISSUER/token")")
case $answer in *use_dpop_nonce*) # once more, with the nonce it asks for
  nonce=$(tr -d '\r' < headers.txt | sed -n 's/^[Dd][Pp][Oo][Pp]-[Nn]once: //p')
  answer=$(ask "$(proof POST "$ISSUER/token" ",\"nonce\":\"$nonce\"")") ;;
esac
token=$(printf %s "$answer" | sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p')
[ -n "$token" ] || { echo "$answer" >&2; exit 1; }

# At an API the proof also names the token, by its hash.
ath=$(printf %s "$token" | openssl dgst -sha256 -binary | base64url)
printf 'header = "Authorization: DPoP %s"\n' "$token" |
  curl -sS -K - "$API/notes" -H "DPoP: $(proof GET "$API/notes" ",\"ath\":\"$ath\"")"
