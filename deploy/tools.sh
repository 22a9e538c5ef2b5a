#!/bin/sh
# Brings the programs that no Python package ships into FOLDER: a kustomize that knows components (a kubectl of 1.27 or
# newer has one; Debian's has not), promtool, and the schema of AsyncAPI. What the machine has already is used as it is.
set -eu
folder=$1
mkdir -p "$folder"

kustomize_version=v5.5.0
if kubectl version --client 2>/dev/null | grep -q '^Kustomize Version: v5'; then
    printf '#!/bin/sh\nexec kubectl kustomize "$@"\n' >"$folder/kustomize.new"
    chmod +x "$folder/kustomize.new"
    mv "$folder/kustomize.new" "$folder/kustomize"
elif command -v go >/dev/null; then
    # What it builds with is gone afterwards.
    building=$(mktemp -d)
    GOBIN=$(cd "$folder" && pwd) GOPATH=$building/path GOCACHE=$building/cache GOFLAGS=-modcacherw \
        go install "sigs.k8s.io/kustomize/kustomize/v5@$kustomize_version"
    rm -r "$building"
    mv "$folder/kustomize" "$folder/kustomize-go"
    printf '#!/bin/sh\nexec "$(dirname "$0")/kustomize-go" build "$@"\n' >"$folder/kustomize"
    chmod +x "$folder/kustomize"
else
    echo "kustomize is missing: install kubectl (1.27 or newer) or Go, which builds it" >&2
fi

if command -v promtool >/dev/null; then
    ln -sf "$(command -v promtool)" "$folder/promtool"
elif command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    # Unpacked, not installed: the package would also start a Prometheus on this machine.
    unpacked=$(mktemp -d)
    (
        cd "$unpacked"
        # As root apt would fetch as a user who may not write here.
        fetch="apt-get download -qq -o APT::Sandbox::User=root prometheus"
        $fetch || { apt-get update -qq && $fetch; }
    )
    dpkg-deb --extract "$unpacked"/prometheus_*.deb "$unpacked"
    cp "$unpacked/usr/bin/promtool" "$folder/promtool"
    rm -r "$unpacked"
else
    echo "promtool is missing: install it with Prometheus" >&2
fi

asyncapi_version=6.11.1
if command -v npm >/dev/null; then
    packed=$(mktemp -d)
    (cd "$packed" && npm pack --silent "@asyncapi/specs@$asyncapi_version" >/dev/null && tar -xzf asyncapi-specs-*.tgz)
    cp "$packed/package/schemas/3.0.0.json" "$folder/asyncapi-3.0.0.json"
    rm -r "$packed"
else
    echo "the schema of AsyncAPI is missing: npm brings it" >&2
fi
