"""Exports one N+1 per transport with the OpenTelemetry Python SDK and asks the API for its hotspot."""

import base64
import json
import sys
import time
import urllib.request

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind

QUERIES = 12
DEADLINE_S = 30


class JsonExporter(SpanExporter):
    """OTLP/JSON as the specification writes it: hex ids, enums as integers."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def export(self, spans):
        document = MessageToDict(encode_spans(spans), use_integers_for_enums=True)
        for resource in document["resourceSpans"]:
            for scope in resource["scopeSpans"]:
                for span in scope["spans"]:
                    for key in ("traceId", "spanId", "parentSpanId"):
                        if key in span:
                            span[key] = base64.b64decode(span[key]).hex()
        body = json.dumps(document).encode()
        request = urllib.request.Request(self.endpoint, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            said = json.load(reply)
            assert reply.status == 200 and said in ({}, {"partialSuccess": {}}), (reply.status, said)
        return SpanExportResult.SUCCESS


def serve_orders(service, exporter):
    """One request that loads each item of its list with a query of its own."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    for _ in range(4):
        with tracer.start_as_current_span(
            "GET /orders", kind=SpanKind.SERVER, attributes={"http.request.method": "GET", "http.route": "/orders"}
        ):
            for item in range(QUERIES):
                statement = f"SELECT name FROM items WHERE order_id = {item}"
                attributes = {"db.system.name": "postgresql", "db.query.text": statement, "server.address": "db"}
                with tracer.start_as_current_span("SELECT items", kind=SpanKind.CLIENT, attributes=attributes):
                    time.sleep(0.003)
    assert provider.force_flush(), f"{service}: the exporter gave up"
    provider.shutdown()


def hotspot(api, service):
    """The N+1 of the service, as soon as the API shows it."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        with urllib.request.urlopen(f"{api}/api/v1/hotspots?service={service}", timeout=10) as reply:
            found = [spot for spot in json.load(reply)["hotspots"] if spot["detector"] == "n-plus-one-query"]
        if found and found[0]["traces"] == 4:
            return found[0]
        time.sleep(0.2)
    raise SystemExit(f"{service}: no n-plus-one-query within {DEADLINE_S} s")


def main():
    with open(sys.argv[1]) as file:
        ready = json.load(file)
    http = f"http://{ready['otlp_http']}/v1/traces"
    exporters = {
        "orders-grpc": GrpcExporter(endpoint=ready["otlp_grpc"], insecure=True),
        "orders-http-protobuf": HttpExporter(endpoint=http),
        "orders-http-json": JsonExporter(http),
    }
    for service, exporter in exporters.items():
        serve_orders(service, exporter)
        found = hotspot(f"http://{ready['listen']}", service)
        assert found["calls_per_trace"]["p50"] == QUERIES, found["calls_per_trace"]
        print(f"{service}: {found['title']}")
    print(f"{len(exporters)} passed, 0 failed")


main()
