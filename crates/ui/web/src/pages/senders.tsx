// Who sends the spans: languages, SDKs and their versions, and how requests come.
import { useLive } from "../api/live";
import type { Sender, Service, ServiceList } from "../api/types";
import { Table } from "../parts/facts";
import { to } from "../route";
import { clock } from "../text/format";

const EVERY_MS = 60_000;

/** Nothing where the API does not tell. */
export function Senders() {
  const services: (Service & { senders?: Sender[] })[] = useLive<ServiceList>("services?limit=1000", EVERY_MS).data?.services ?? [];
  const rows = services.flatMap(({ service, senders = [] }) => senders.map((sender, nth) => ({ service, sender, nth })));
  if (rows.length === 0) return null;
  return (
    <section>
      <h2>Who sends the spans</h2>
      <Table
        caption="Senders by service"
        rows={rows}
        by={({ service, nth }) => `${service} ${nth}`}
        columns={[
          { head: "Service", cell: ({ service }) => <a href={to("services", "", { service })}>{service}</a> },
          { head: "Version", cell: ({ sender: { version, environment } }) => told(version, environment && `in ${environment}`) },
          { head: "Language and SDK", cell: ({ sender: { sdk } }) => told(sdk.language, sdk.name, sdk.version) },
          { head: "Agent", cell: ({ sender: { distro } }) => told(distro.name, distro.version) },
          { head: "Comes as", cell: ({ sender: { transport, encoding, compression } }) => told(transport, encoding, compression === "identity" ? "uncompressed" : compression) },
          { head: "Last", cell: ({ sender }) => clock(sender.last_seen) },
          { head: "What to do", cell: ({ sender }) => advice(sender) },
        ]}
      />
    </section>
  );
}

function told(...parts: string[]): string {
  return parts.filter((part) => part !== "").join(" ") || "not said";
}

/** What would make it cheaper or better understood. */
function advice({ sdk, encoding, compression, local }: Sender): string {
  const wishes: string[] = [];
  if (sdk.language === "") wishes.push("let its SDK say telemetry.sdk.language");
  if (encoding === "json") wishes.push("send protobuf: OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
  if (compression === "identity" && !local) wishes.push("compress: OTEL_EXPORTER_OTLP_COMPRESSION=gzip");
  return wishes.join("; ") || "–";
}
