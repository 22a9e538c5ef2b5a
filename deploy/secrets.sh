#!/bin/sh
# Makes the secrets of an installation of its own: the keys in .secrets/, and the passwords in .env, where
# `docker compose` looks for them. What is there already stays as it is: run it as often as you like.
#
# Keep .secrets/master.key somewhere safe, apart from the backups: without it no personal field is ever read again.
set -eu
umask 077
cd "${1:-"$(dirname "$0")/.."}"

mkdir -p .secrets
[ -s .secrets/master.key ] || openssl rand -out .secrets/master.key 64
[ -s .secrets/issuer.pem ] || openssl genpkey -algorithm ed25519 -out .secrets/issuer.pem
# The folder is closed to all others; the files in it are read by the user of the containers, which is none of this host.
chmod 0444 .secrets/master.key .secrets/issuer.pem

touch .env
for name in POSTGRES CONTACTS MARKETING SALES ANALYTICS KEYRING GRAFANA; do
    grep -q "^${name}_PASSWORD=." .env || echo "${name}_PASSWORD=$(openssl rand -hex 24)" >>.env
done
