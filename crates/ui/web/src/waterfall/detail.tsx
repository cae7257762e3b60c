// One span with everything that is kept of it.
import type { Span } from "../api/types";
import { duration, clock } from "../text/format";
import { cause, plain } from "../text/words";
import type { Node } from "./nodes";

export function Detail({ node, close }: { node: Node; close: () => void }) {
  const { span } = node;
  return (
    <section class="detail" aria-label={`Span ${node.label}`}>
      <header>
        <h3>{node.label}</h3>
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </header>
      <dl class="pairs">
        <Pair name="service" value={node.service} />
        <Pair name="length" value={duration(node.to - node.from)} />
        {span && <SpanPairs span={span} />}
        {node.path.length > 0 && <Pair name="critical path" value={reasons(node)} />}
      </dl>
      {span && <More span={span} />}
    </section>
  );
}

function SpanPairs({ span }: { span: Span }) {
  return (
    <>
      <Pair name="start" value={`${span.start} (${clock(span.start)})`} />
      <Pair name="without children" value={duration(span.self_ns)} />
      {span.name !== "" && span.name !== span.operation && <Pair name="name" value={span.name} />}
      {span.template !== "" && <Pair name="template" value={span.template} />}
      <Pair name="kind" value={`${span.kind}, ${plain(span.class)}`} />
      <Pair name="span id" value={span.span_id ?? "never received"} />
      {span.defects.length > 0 && <Pair name="defects" value={span.defects.map(plain).join(", ")} />}
    </>
  );
}

function More({ span }: { span: Span }) {
  const attributes = Object.entries(span.attributes);
  return (
    <>
      <h4>Attributes</h4>
      {attributes.length === 0 && <p class="faint">None are kept of this span.</p>}
      <dl class="pairs">
        {attributes.map(([key, value]) => (
          <Pair key={key} name={key} value={value} />
        ))}
      </dl>
      {span.events.length > 0 && <h4>Events</h4>}
      {span.events.map((event, at) => (
        <dl class="pairs" key={at}>
          <Pair name={event.name} value={event.time} />
          {Object.entries(event.attributes).map(([key, value]) => (
            <Pair key={key} name={key} value={value} />
          ))}
        </dl>
      ))}
    </>
  );
}

/** Critical-path time by cause, longest first. */
function reasons(node: Node): string {
  const sums = new Map<string, number>();
  for (const { from, to, cause: why = "self" } of node.path) sums.set(why, (sums.get(why) ?? 0) + to - from);
  const sorted = [...sums].sort((a, b) => b[1] - a[1]);
  return sorted.map(([why, sum]) => `${duration(sum)} ${cause(why)}`).join(", ");
}

function Pair({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
