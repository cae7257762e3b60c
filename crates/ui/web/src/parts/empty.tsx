// An empty list of hotspots: nothing arrived, clean, or blind. Each says what to do.
import { useLive } from "../api/live";
import type { Coverage, Status } from "../api/types";
import { to } from "../route";
import { counted } from "../text/format";
import { blindness } from "./coverage";
import { Banner } from "./talk";

export function Empty({ coverage, filtered }: { coverage: Coverage; filtered: boolean }) {
  if (filtered) {
    return (
      <Banner>
        <p>
          No hotspot matches these filters. <a href={to("")}>Show all</a>
        </p>
      </Banner>
    );
  }
  if (coverage.spans.received === 0) return <NothingArrived />;
  if (coverage.traces.analysed === 0) {
    return (
      <Banner>
        <h2>Spans arrive</h2>
        <p>
          {counted(coverage.spans.received, "span")} so far. A trace is judged once it has been quiet for a moment; a fault is listed once
          several traces show it.
        </p>
      </Banner>
    );
  }
  const blind = blindness(coverage);
  if (blind.length === 0) {
    return (
      <Banner tone="good">
        <h2>Clean</h2>
        <p>
          {counted(coverage.traces.analysed, "trace")} were judged, they are complete, and no detector has anything to say.{" "}
          <a href={to("ingest")}>What nearly is a hotspot</a>
        </p>
      </Banner>
    );
  }
  return (
    <Banner tone="warn">
      <h2>Nothing found, but not all was seen</h2>
      <p>
        This is not a clean bill: {blind.join("; ")}. <a href={to("ingest")}>See what is missing, and how to mend it</a>
      </p>
    </Banner>
  );
}

function NothingArrived() {
  const { data } = useLive<Status>("status", 0);
  const address = data?.listeners.find(({ name }) => name === "otlp_grpc")?.address ?? "127.0.0.1:4317";
  return (
    <Banner>
      <h2>No span has arrived yet</h2>
      <p>Point a service at Hotspan and send it some requests:</p>
      <pre tabIndex={0}>
        {[
          "export OTEL_TRACES_EXPORTER=otlp",
          "export OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
          `export OTEL_EXPORTER_OTLP_ENDPOINT=http://${address}`,
          "export OTEL_SERVICE_NAME=<name of the service>",
        ].join("\n")}
      </pre>
      <p>
        Or look at a shop with known faults: <code>hotspan serve --demo</code>
      </p>
    </Banner>
  );
}
