#!/bin/sh
# The command of a container. The plate key comes as a file that Docker shows to every user of the container, which
# Linewatch refuses to read; so it is handed on in the environment of this process, where `docker inspect` does not look.
set -eu
if [ -r /run/secrets/plate_key ]; then
    LINEWATCH_PLATE_KEY="$(cat /run/secrets/plate_key)"
    export LINEWATCH_PLATE_KEY
fi
exec linewatch "$@"
