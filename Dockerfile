# One image for every process of ringback: the API, the worker, Prefect's and MLflow's servers, and the one that deploys.
# compose.yaml says what runs. Nothing secret is in it: what an installation decides comes over the environment.

FROM python:3.11.14-slim-trixie AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 VIRTUAL_ENV=/opt/ringback
ENV PATH=/opt/ringback/bin:$PATH
WORKDIR /app
COPY setup.lock runtime.lock ./
RUN python -m venv /opt/ringback \
    && python -m pip install --require-hashes -r setup.lock \
    && uv pip install --compile-bytecode --require-hashes -r runtime.lock
COPY . .
RUN uv pip install --no-deps --no-build-isolation -C editable_mode=compat -e . \
    && python -m pip uninstall --yes uv setuptools \
    && python -m compileall -q /app

FROM python:3.11.14-slim-trixie
# Backups are made by PostgreSQL's own tools, which must be of the server's major version; Debian keeps it patched.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --gid 10001 ringback \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/ringback --shell /usr/sbin/nologin ringback \
    && install --directory --owner ringback --group ringback /var/lib/ringback /var/lib/prefect /var/lib/mlflow
COPY --from=build /opt/ringback /opt/ringback
COPY --from=build /app /app
ENV PATH=/opt/ringback/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 RINGBACK_HOME=/var/lib/ringback HOME=/tmp \
    PREFECT_SERVER_ANALYTICS_ENABLED=false DO_NOT_TRACK=1 MLFLOW_DISABLE_TELEMETRY=true \
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false OMP_WAIT_POLICY=PASSIVE GIT_PYTHON_REFRESH=quiet
WORKDIR /app
USER 10001:10001
EXPOSE 8000
CMD ["ringback", "serve", "--host", "0.0.0.0"]
