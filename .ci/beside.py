"""A service with the OpenTelemetry Python SDK beside an overload: every span that its own queue took must be analysed.

Reads OTEL_EXPORTER_OTLP_ENDPOINT and HOTSPAN_URL; the argument is for how many seconds it works.
"""

import json
import os
import sys
import time
import urllib.request

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind

SERVICE = "beside"
QUERIES = 9
# Spans a second that fit the exporter's own queue (2,048) for as long as it is told to wait.
REQUESTS_A_SECOND = 20
DEADLINE_S = 60


def analysed(url):
    with urllib.request.urlopen(f"{url}/api/v1/services?service={SERVICE}", timeout=10) as reply:
        rows = json.load(reply)["services"]
    return sum(row["spans"] for row in rows if row["service"] == SERVICE)


def main():
    seconds, url = float(sys.argv[1]), os.environ["HOTSPAN_URL"]
    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(insecure=True)))
    tracer, ended, made = provider.get_tracer("shop"), time.monotonic() + seconds, 0
    while time.monotonic() < ended:
        with tracer.start_as_current_span("GET /orders", kind=SpanKind.SERVER):
            for item in range(QUERIES):
                attributes = {"db.system.name": "postgresql", "db.query.text": f"SELECT name FROM items WHERE id = {item}"}
                with tracer.start_as_current_span("SELECT items", kind=SpanKind.CLIENT, attributes=attributes):
                    pass
        made += 1 + QUERIES
        time.sleep(1 / REQUESTS_A_SECOND)
    assert provider.force_flush(DEADLINE_S * 1000), "the exporter gave up"
    provider.shutdown()
    deadline, found = time.monotonic() + DEADLINE_S, 0
    while found < made and time.monotonic() < deadline:
        time.sleep(0.5)
        found = analysed(url)
    print(f"beside: {made} spans ended, {found} analysed")
    sys.exit(0 if found == made else 1)


main()
