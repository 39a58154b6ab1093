#!/bin/sh
# A service: takes a token of its own and calls an API, with curl and openssl 3.
set -eu
: "${ISSUER:?}" "${CLIENT_ID:?}" "${CLIENT_SECRET:?}" "${API:?}" "${RESOURCE:?}"

# What must not be among curl's arguments, which everyone on the machine can read, is in files.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# The key of the client. Whoever has this file can use its tokens.
[ -f key.pem ] || (umask 077 && openssl genpkey -algorithm ed25519 -out key.pem)
x=$(openssl pkey -in key.pem -pubout -outform DER | tail -c 32 | base64url)
header=$(printf '{"typ":"dpop+jwt","alg":"EdDSA","jwk":{"kty":"OKP","crv":"Ed25519","x":"%s"}}' "$x")

# proof METHOD URL MORE_CLAIMS: for one request, so never use one again.
proof() {
  claims=$(printf '{"jti":"%s","htm":"%s","htu":"%s","iat":%s%s}' \
    "$(openssl rand -hex 16)" "$1" "$2" "$(date +%s)" "$3")
  input=$(printf %s "$header" | base64url).$(printf %s "$claims" | base64url)
  printf %s "$input" > "$scratch/input"
  echo "$input.$(openssl pkeyutl -sign -rawin -inkey key.pem -in "$scratch/input" | base64url)"
}

# call METHOD URL MORE_CLAIMS CURL_OPTIONS…: with a proof, and once more if a nonce is wanted in it.
call() {
  method=$1 url=$2 more=$3
  shift 3
  answer=$(curl -sS "$url" -D "$scratch/head" "$@" -H "DPoP: $(proof "$method" "$url" "$more")")
  case $(cat "$scratch/head")$answer in *use_dpop_nonce*)
    nonce=$(tr -d '\r' < "$scratch/head" | sed -n 's/^[Dd][Pp][Oo][Pp]-[Nn]once: //p')
    more="$more,\"nonce\":\"$nonce\""
    answer=$(curl -sS "$url" "$@" -H "DPoP: $(proof "$method" "$url" "$more")") ;;
  esac
  echo "$answer"
}

printf 'user = "%s:%s"\n' "$CLIENT_ID" "$CLIENT_SECRET" > "$scratch/client"
answer=$(call POST "$ISSUER/token" "" -K "$scratch/client" \
  -d grant_type=client_credentials -d scope=notes.read --data-urlencode "resource=$RESOURCE")
token=$(printf %s "$answer" | sed -n 's/.*"access_token": *"\([^"]*\)".*/\1/p')
[ -n "$token" ] || { echo "$answer" >&2; exit 1; }

# At an API the proof also names the token, by its hash.
ath=$(printf %s "$token" | openssl dgst -sha256 -binary | base64url)
printf 'header = "Authorization: DPoP %s"\n' "$token" > "$scratch/token"
call GET "$API/notes" ",\"ath\":\"$ath\"" -K "$scratch/token"
