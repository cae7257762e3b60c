// Traces as a service would send them, over OTLP/HTTP as JSON.
import { randomBytes } from "node:crypto";

import { until } from "./daemon.mjs";

const hex = (bytes) => randomBytes(bytes).toString("hex");

/** Texts that would run, load or break something in a page that took them for markup. */
export const HOSTILE = [
  `"><script>alert(1)</script>`,
  `<img src=x onerror=alert(1)>`,
  `<svg/onload=alert(1)>`,
  `</title></main><iframe src="https://elsewhere.example/"></iframe>`,
  `javascript:alert(1)//`,
  `https://elsewhere.example/pixel.png`,
  `' onmouseover='alert(1)' style='background:url(https://elsewhere.example/a)`,
  `{{constructor.constructor('alert(1)')()}} \${alert(1)} <%= 7*7 %>`,
  `__proto__`,
  `constructor`,
  `../../../api/v1/status?x=1#y`,
  `\u202eright to left\u0000\u001b[2J\u200f`,
  `[a](javascript:alert(1)) **bold** \`code\` | table |`,
  `long ${"x".repeat(5000)} end`,
];

const value = (of) => (typeof of === "number" ? { intValue: String(of) } : { stringValue: of });
const attributes = (of) => Object.entries(of).map(([key, one]) => ({ key, value: value(one) }));

/** A span; times in microseconds from the start of its trace. */
function span({ trace, parent = "", name, kind, from, to, own = {}, base, events = [] }) {
  const at = (us) => String(BigInt(base) * 1000000n + BigInt(Math.round(us)) * 1000n);
  return {
    traceId: trace,
    spanId: hex(8),
    parentSpanId: parent,
    name,
    kind,
    startTimeUnixNano: at(from),
    endTimeUnixNano: at(to),
    attributes: attributes(own),
    events: events.map((event) => ({ timeUnixNano: at(from), name: event, attributes: attributes({ [event]: event }) })),
  };
}

/** How deep the other things that a request does are nested. */
const CHAIN = 50;

/** A number in letters: digits in names are taken for parameters. */
export const letters = (number) => [...number.toString(26)].map((digit) => String.fromCharCode(97 + Number.parseInt(digit, 26))).join("");

/** One request that loads each of `items` with a query of its own, and does `more` other things. */
export function nPlusOne({ operation, items = 12, more = 0, query = "SELECT name FROM items WHERE order_id = 1", extra = {}, events = [] }) {
  const trace = hex(16);
  const base = Date.now() - 2000;
  const end = (items + 1) * 3000 + more * 20 + 1000;
  let above = "";
  const first = span({
    trace,
    base,
    name: operation,
    kind: 2,
    from: 0,
    to: end,
    own: { "http.request.method": "GET", "http.route": operation.replace(/^GET /, ""), ...extra },
    events,
  });
  const spans = [first];
  for (let at = 0; at < items; at += 1) {
    const own = { "db.system.name": "postgresql", "db.query.text": query, "server.address": "db", ...extra };
    spans.push(span({ trace, base, parent: first.spanId, name: "SELECT items", kind: 3, from: 1000 + at * 3000, to: 3900 + at * 3000, own, events }));
  }
  for (let at = 0; at < more; at += 1) {
    // Chains, so that few of them are children of one parent.
    const [from, last] = [at, at - (at % CHAIN) + CHAIN].map((step) => 1000 + items * 3000 + step * 20);
    const parent = at % CHAIN === 0 ? first.spanId : above;
    const name = at % CHAIN === 0 ? `chain ${letters(at)}` : `step ${letters(at % 600)}`;
    const one = span({ trace, base, parent, name, kind: 1, from, to: Math.min(last, end) });
    above = one.spanId;
    spans.push(one);
  }
  return { trace, spans };
}

/** A request with nothing wrong in it. */
export function healthy(operation) {
  return nPlusOne({ operation, items: 0 });
}

export async function send(endpoint, service, traces, version = "1.0") {
  const body = JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributes({ "service.name": service, "service.version": version }) },
        scopeSpans: [{ scope: { name: "test" }, spans: traces.flatMap(({ spans }) => spans) }],
      },
    ],
  });
  const post = () => fetch(`http://${endpoint}/v1/traces`, { method: "POST", headers: { "content-type": "application/json" }, body });
  // A full receiver says 503: the same request is welcome later.
  const reply = await until("there is room for the request", async () => {
    const answer = await post();
    return answer.status !== 503 && answer;
  });
  if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
}
