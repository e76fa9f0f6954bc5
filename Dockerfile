# One image for every service of docker-compose.yml: pinned and hashed libraries, Linewatch, its detectors compiled.
# Not built on the development machine, which has no Docker: docs/compose.md says what was tried instead.

FROM python:3.11.13-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/linewatch && python -m venv /opt/build
COPY requirements/run.txt requirements/dev.txt requirements/
RUN /opt/linewatch/bin/pip install --quiet --only-binary :all: --require-hashes --requirement requirements/run.txt
# the build backend and what it needs, with the hashes of dev.txt, so that nothing unpinned is fetched for the wheel
RUN awk '/^(hatchling|packaging|pathspec|pluggy|tomlkit|trove-classifiers)==/ {on = 1} on {print} !/\\$/ {on = 0}' requirements/dev.txt \
      | sed 's/ *#.*//' > requirements/build.txt \
 && /opt/build/bin/pip install --quiet --only-binary :all: --require-hashes --requirement requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY detectors detectors
COPY stream stream
COPY evaluation evaluation
COPY console console
COPY ops ops
RUN /opt/build/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist . \
 && /opt/linewatch/bin/pip install --quiet --no-deps dist/*.whl

FROM python:3.11.13-slim-bookworm
RUN groupadd --gid 10001 linewatch \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin linewatch \
 && install -d -m 0700 -o linewatch -g linewatch /data /border /var/cache/linewatch
COPY --from=build /opt/linewatch /opt/linewatch
COPY --chmod=0555 ops/compose/start.sh /usr/local/bin/linewatch-start
ENV PATH=/opt/linewatch/bin:$PATH \
    NUMBA_CACHE_DIR=/var/cache/linewatch \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LINEWATCH_METRICS_PORT=8482
USER 10001:10001
WORKDIR /data
# Compiles the detectors, for the processor of this machine; on another one the first start compiles once, into the
# volume at NUMBA_CACHE_DIR. The plate key is made up for this line, so that none is ever in the image.
RUN LINEWATCH_PLATE_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
    python -c 'from ops.settings import Settings; from ops.warm_up import warm_up; warm_up(Settings())'
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=6 CMD ["python", "-m", "ops.healthy"]
ENTRYPOINT ["linewatch-start"]
CMD ["--help"]
