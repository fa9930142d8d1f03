# The dashboard in a container: docker build -t umami-dashboard . (see docs/deployment.md)
FROM python:3.11-slim-bookworm AS build
COPY requirements.txt constraints.txt /build/
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check -r /build/requirements.txt \
    # What runs needs neither an installer nor the tests of its libraries.
    && find /venv -type d -name tests -prune -exec rm -rf {} + \
    && /venv/bin/pip uninstall --quiet --yes setuptools pip

FROM python:3.11-slim-bookworm
# Reports on paper need a browser: --build-arg PACKAGES=chromium
ARG PACKAGES=""
RUN test -z "$PACKAGES" || { apt-get update --quiet \
    && apt-get install --quiet --yes --no-install-recommends $PACKAGES \
    && rm -rf /var/lib/apt/lists/*; }
RUN useradd --uid 10001 --no-create-home --home-dir /data dashboard \
    && install --directory --owner dashboard --mode 0700 /data
COPY --from=build /venv /venv
WORKDIR /app
# .dockerignore names what is let in.
COPY . .
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_HEADLESS=true \
    STREAMLIT_SERVER_FILE_WATCHER_TYPE=none \
    # Its welcome asks another host for the address of this one.
    STREAMLIT_LOGGER_HIDE_WELCOME_MESSAGE=true \
    DASHBOARD_STORE=sqlite:////data/dashboard.sqlite \
    DASHBOARD_MONITOR=9100
RUN python -m compileall -q .
USER dashboard
VOLUME /data
EXPOSE 8501
HEALTHCHECK --interval=10s --timeout=10s --start-period=60s \
    CMD ["python", "-m", "access", "health"]
CMD ["python", "-m", "streamlit", "run", "asgi.py"]
