"""What this process counts for Prometheus. Labels are few and never hold anything about people.

With PROMETHEUS_MULTIPROC_DIR set before the start (gunicorn), the processes of one machine share files there and each answers for all.
"""

import os
import time
from collections.abc import Callable, Iterable
from functools import wraps
from typing import ParamSpec, TypeVar

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

__all__ = ["REQUESTS", "REQUEST_SECONDS", "SIGN_IN_FAILURES", "THROTTLED", "text", "timed_search"]

P = ParamSpec("P")
R = TypeVar("R")
MULTIPLE = "PROMETHEUS_MULTIPROC_DIR"
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
REGISTRY = CollectorRegistry()

REQUESTS = Counter("catalogue_http_requests", "Answered requests.", ["endpoint", "method", "status"], registry=REGISTRY)
REQUEST_SECONDS = Histogram(
    "catalogue_http_request_duration_seconds", "Time to answer.", ["endpoint"], buckets=BUCKETS, registry=REGISTRY
)
SEARCH_SECONDS = Histogram(
    "catalogue_search_duration_seconds", "Time to search, without the page around it.", ["kind"],
    buckets=(0.005, *BUCKETS), registry=REGISTRY,
)  # fmt: skip
SIGN_IN_FAILURES = Counter(
    "catalogue_sign_in_failures", "Passwords or codes that did not fit.", ["step"], registry=REGISTRY
)
THROTTLED = Counter("catalogue_throttled", "Tries refused by limits of guessing.", ["scope"], registry=REGISTRY)
if MULTIPLE not in os.environ:
    ProcessCollector(registry=REGISTRY)


def timed_search(kind: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Measure how long a kind of search takes."""

    def decorate(search: Callable[P, R]) -> Callable[P, R]:
        @wraps(search)
        def measured(*args: P.args, **kwargs: P.kwargs) -> R:
            begun = time.perf_counter()
            try:
                return search(*args, **kwargs)
            finally:
                SEARCH_SECONDS.labels(kind).observe(time.perf_counter() - begun)

        return measured

    return decorate


def text(gauges: Iterable[Metric]) -> bytes:
    """Return all figures of this process (or of all of this machine) and *gauges* in Prometheus' format."""
    registry = REGISTRY
    if MULTIPLE in os.environ:
        MultiProcessCollector(registry := CollectorRegistry())  # type: ignore[no-untyped-call]
    return generate_latest(registry) + generate_latest(_Given(tuple(gauges)))


class _Given:
    """Metrics that were made for one scrape, in the form that the writer wants."""

    def __init__(self, metrics: tuple[Metric, ...]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics
