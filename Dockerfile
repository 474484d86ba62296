# The catalogue as an image: locked hashes, no build tools, a user of its own, works with a read-only root filesystem.
#
#   docker build -t modulkatalog .
#   docker build -t modulkatalog --build-arg PDF=1 .     # with what reports as PDF need (about 120 MB more)

ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS build
ARG PDF=0
WORKDIR /source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements.txt requirements-server.txt requirements-pdf.txt ./
RUN python -m venv /opt/catalogue \
 && /opt/catalogue/bin/pip install --require-hashes -r requirements.txt -r requirements-server.txt \
 && if [ "$PDF" = 1 ]; then /opt/catalogue/bin/pip install --require-hashes -r requirements-pdf.txt; fi
COPY pyproject.toml README.md ./
COPY catalogue catalogue
COPY templates templates
COPY static static
COPY data data
# what builds the package is among the locked requirements, and leaves before the environment is taken over
RUN /opt/catalogue/bin/pip install --no-deps --no-build-isolation . \
 && /opt/catalogue/bin/pip uninstall --yes hatchling editables trove-classifiers pluggy pathspec setuptools pip \
 && python -m compileall -q /opt/catalogue/lib

FROM python:${PYTHON}
ARG PDF=0
RUN if [ "$PDF" = 1 ]; then apt-get update \
 && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fontconfig fonts-dejavu-core \
 && rm -rf /var/lib/apt/lists/*; fi \
 && python -m pip uninstall -y --quiet pip setuptools wheel \
 && useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin catalogue \
 && install -d -o catalogue -g catalogue -m 0700 /var/lib/catalogue
COPY --from=build /opt/catalogue /opt/catalogue
# HOME and caches of fonts lie in /tmp, a tmpfs of its own where the root is read-only
ENV PATH=/opt/catalogue/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp \
    CATALOGUE_STATE=/var/lib/catalogue CATALOGUE_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/catalogue
VOLUME /var/lib/catalogue
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["catalogue", "serve", "--host", "0.0.0.0", "--port", "8000"]
