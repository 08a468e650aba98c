#!/bin/sh
# sops.sh encrypt [name]   .env -> secrets/<name>.enc.env
# sops.sh decrypt [name]   secrets/<name>.enc.env -> .env
# The name is `production` unless given. docs/secrets.md explains the rest.
set -eu
command=${1:-}
name=${2:-production}
encrypted=secrets/$name.enc.env

refuse() {
  echo "$1" >&2
  exit 1
}

encrypt() {
  [ -f .env ] || refuse '.env does not exist: there is nothing to encrypt'
  sops encrypt --filename-override "$encrypted" --output "$encrypted" .env
  echo "encrypted .env to $encrypted"
}

decrypt() {
  [ -f "$encrypted" ] || refuse "$encrypted does not exist"
  plain=$(sops decrypt "$encrypted") || refuse "$encrypted could not be decrypted; .env is unchanged"
  # sops drops empty lines.
  if [ -e .env ] && [ "$(grep . .env)" != "$plain" ]; then
    refuse ".env exists and differs from $encrypted: move it away first"
  fi
  # A new file under this mask: no other user can read it at any moment.
  umask 077
  rm -f .env
  printf '%s\n' "$plain" >.env
  echo "decrypted $encrypted to .env"
}

case $command in
encrypt | decrypt) ;;
*) refuse 'usage: sops.sh encrypt|decrypt [name]' ;;
esac
if [ "$command" = encrypt ] && grep -q '^[^#]*REPLACE_WITH' .sops.yaml; then
  refuse '.sops.yaml names no reader yet: put your age public key in place of the placeholder (docs/secrets.md)'
fi
command -v sops >/dev/null || refuse 'sops is not installed: see docs/secrets.md'
"$command"
