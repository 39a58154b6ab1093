FROM python:3.13-slim AS build
COPY --from=ghcr.io/astral-sh/uv:0.13 /uv /usr/local/bin/
ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/holdfast \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /src
# The libraries change less often than the server: a layer of their own.
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=pyproject.toml,target=pyproject.toml \
    --mount=type=bind,source=uv.lock,target=uv.lock \
    uv sync --locked --no-dev --no-install-project
COPY . .
RUN --mount=type=cache,target=/root/.cache/uv \
    uv sync --locked --no-dev --no-editable


FROM python:3.13-slim
# The base image brings no bytecode of the standard library: without it every command, and every
# health check, would compile it anew. Nothing is installed in a running server: pip can go.
RUN lib="$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && rm -rf /usr/local/bin/pip* "$lib"/site-packages/pip* "$lib"/ensurepip "$lib"/test \
    && python -m compileall -q "$lib" \
    && groupadd --system --gid 10001 holdfast \
    && useradd --system --uid 10001 --gid holdfast --no-create-home \
        --home-dir /var/lib/holdfast --shell /usr/sbin/nologin holdfast \
    && install -d -o holdfast -g holdfast -m 0700 /var/lib/holdfast \
    && install -d -o holdfast -g holdfast -m 0755 /run/secrets
COPY --from=build /opt/holdfast /opt/holdfast
ENV PATH=/opt/holdfast/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOLDFAST_DATA_DIR=/var/lib/holdfast \
    HOLDFAST_SECRETS_DIR=/run/secrets
USER 10001:10001
WORKDIR /var/lib/holdfast
EXPOSE 8000
STOPSIGNAL SIGTERM
# Live, not ready: a server that waits for its database must not be killed for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --start-interval=1s --retries=3 \
    CMD ["python", "-I", "-c", "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=4); c.request('GET', '/health/live'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["holdfast"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="Holdfast" \
      org.opencontainers.image.description="An OAuth 2.0 authorization server whose tokens are bound to a key the client holds (DPoP, RFC 9449)" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION"
