// One hotspot with everything needed to believe it and to mend it.
import { useEffect } from "preact/hooks";

import { type Live, useLive } from "../api/live";
import type { Hotspot as HotspotShape, HotspotDetail } from "../api/types";
import { Copy } from "../parts/copy";
import { Facts } from "../parts/facts";
import { Links } from "../parts/links";
import { BreakMark, StateMark } from "../parts/marks";
import { Refused, Waiting, WaitingOverFirst } from "../parts/talk";
import { route, to } from "../route";
import { clock, counted, digits, duration, effort, grouped, percent, perHour } from "../text/format";
import { markdown } from "../text/markdown";
import { plain } from "../text/words";
import { BeforeAfterView } from "./before-after";
import { CallsPerTrace } from "./calls";
import { Evidence } from "./evidence";
import { Say } from "./say";
import { Trend } from "./trend";

const EVERY_MS = 10_000;

/** The facts are asked for again and again. The traces are large and prove the same as long as they are the same. */
export function Hotspot() {
  const { id } = route.value;
  const path = `hotspots/${encodeURIComponent(id)}`;
  const facts = useLive<HotspotDetail>(`${path}?waterfalls=none`, EVERY_MS);
  const proof = useLive<HotspotDetail>(path, 0);
  const data = facts.data ?? proof.data;
  const refusal = facts.refusal ?? proof.refusal;
  const { again } = facts.data ? facts : proof;
  const title = data?.title ?? "Hotspot";
  useEffect(() => {
    document.title = `${title} · Hotspan`;
  }, [title]);
  return (
    <main>
      {!data && !refusal && <WaitingOverFirst what="Hotspot" />}
      {refusal && !data && (
        <>
          <h1>{refusal.status === 404 ? "No such hotspot" : "The hotspot cannot be shown"}</h1>
          <Refused
            refusal={refusal}
            again={again}
            missing={
              <p>
                Nobody knows a hotspot of this id. One that nothing was heard of for a week is forgotten, and all are at a restart in memory; it
                comes back under the same id as soon as its traces do. <a href={to("")}>See the hotspots of now</a>
              </p>
            }
          />
        </>
      )}
      {data && <Found of={data} again={again} proof={proof} />}
    </main>
  );
}

function Found({ of, again, proof }: { of: HotspotDetail; again: () => void; proof: Live<HotspotDetail> }) {
  return (
    <article>
      <p class="kicker">
        <BreakMark of={of.break} named /> · {plain(of.detector)} · <a href={to("", "", { service: of.service })}>{of.service}</a> ·{" "}
        <StateMark of={of.state} />
      </p>
      <h1>{of.title}</h1>
      <NoteLine of={of} />
      <Fix of={of} />
      <Impact of={of} />
      <section class="two">
        <div>
          <h2>Over time</h2>
          <Trend of={of} />
        </div>
        <div>
          <h2>How many a request</h2>
          <CallsPerTrace of={of} />
        </div>
      </section>
      <Proof of={of} proof={proof} />
      <Where of={of} />
      <Say of={of} said={again} />
      <p class="actions">
        <Copy what={() => markdown(of, location.href)}>Copy as Markdown</Copy>
        <Copy what={() => location.href}>Copy link</Copy>
        <a href={`${to("")}api/v1/hotspots/${of.id}`} target="_blank">
          JSON
        </a>
        <Links of={of} />
      </p>
    </article>
  );
}

function NoteLine({ of }: { of: HotspotShape }) {
  const { decision, by, reason, at, until, over } = of.note;
  if (!decision) return of.returns > 0 ? <p class="note">Came back {counted(of.returns, "time")} after it was fixed.</p> : null;
  const ended: Record<string, string> = {
    expired: "its time is over",
    doubled: "it costs twice as much as it did",
    returned: "it was fixed and came back",
  };
  return (
    <p class="note">
      {by ? `${by}` : "Somebody"} {decision === "muted" ? "muted" : "acknowledged"} it{at && ` at ${clock(at)}`}
      {until && ` until ${clock(until)}`}: “{reason}”.{over && ` That holds no longer: ${ended[over] ?? over}.`}
    </p>
  );
}

function Fix({ of }: { of: HotspotShape }) {
  return (
    <section class={`first-fix ${of.break}`}>
      <p class="kicker">What to do</p>
      <p class="advice">
        In <b>{of.service}</b>: {of.fix.summary}.
      </p>
      {of.fix.how !== "" && <p>{of.fix.how}</p>}
      {of.code.length > 0 && (
        <ul class="plain">
          {of.code.map(({ file, line, function: name }) => (
            <li key={`${file}:${line}:${name}`}>
              <code>
                {file}
                {line > 0 && `:${line}`}
              </code>
              {name !== "" && (
                <>
                  {" "}
                  in <code>{name}</code>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Impact({ of }: { of: HotspotDetail }) {
  const saves = of.impact_basis === "saving";
  const error = of.impact_relative_error > 0 ? ` ± ${percent(of.impact_relative_error)}` : "";
  const { before, after } = of.operation_p50_ns;
  return (
    <>
      <Facts
        of={[
          {
            name: saves ? "Saves an hour" : "Lies open an hour",
            value: perHour(of.impact_s_per_hour) + error,
            note: saves ? "of time that requests wait" : "of time that requests wait; no saving was replayed",
          },
          ...(saves
            ? [
                {
                  name: "Saves a request",
                  value: duration(of.saving_ns.likely),
                  note: `${duration(of.saving_ns.min)} to ${duration(of.saving_ns.max)}; ${percent(of.saving_share)} of ${of.operation}`,
                },
              ]
            : []),
          ...(before && after ? [{ name: "Median", value: `${duration(before)} → ${duration(after)}`, note: p95(of) }] : []),
          {
            name: "Affects",
            value: percent(of.share),
            note: `of its requests; ${counted(of.traces, "trace")}${of.weighted_traces > of.traces ? `, for ${grouped(of.weighted_traces)} by sampling` : ""}`,
          },
          { name: "Effort", value: effort(of.effort_weeks), note: `of one team; rank ${of.rank}, priority ${digits(of.priority)}` },
          { name: "Sure", value: percent(of.confidence), note: "why, below" },
        ]}
      />
      <p class="why">
        <b>Why {percent(of.confidence)}:</b> {of.confidence_why.join("; ")}.{of.tail && ` It is ${of.tail.says}.`}
      </p>
    </>
  );
}

function p95({ operation_p95_ns: { before, after } }: HotspotShape): string | undefined {
  return before && after ? `95 % within ${duration(before)} → ${duration(after)}` : undefined;
}

/** The traces as they were when the page was opened: a waterfall that changes under the eyes proves nothing. */
function Proof({ of, proof: { data, refusal, again } }: { of: HotspotShape; proof: Live<HotspotDetail> }) {
  const ids = (detail: HotspotShape) => detail.evidence.map(({ trace_id }) => trace_id).join();
  return (
    <>
      <div class="line">
        <h2>The proof</h2>
        {data && ids(data) !== ids(of) && (
          <button type="button" onClick={again}>
            Show the traces of now
          </button>
        )}
      </div>
      {!data && (refusal ? <Refused refusal={refusal} again={again} /> : <Waiting what="its traces" />)}
      {data && <Evidence of={data} />}
      {data && <BeforeAfterView of={data.before_after} />}
    </>
  );
}

function Where({ of }: { of: HotspotShape }) {
  const callee = [of.callee.system, of.callee.peer].filter((part) => part !== "").join(" on ");
  return (
    <section>
      <h2>Where</h2>
      <dl class="pairs">
        <div>
          <dt>service to change</dt>
          <dd>
            {of.service}, <a href={to("operation", "", { service: of.service, name: of.operation })}>{of.operation}</a>
          </dd>
        </div>
        <div>
          <dt>below the span</dt>
          <dd>
            {of.anchor.operation} of {of.anchor.service}
          </dd>
        </div>
        {callee !== "" && (
          <div>
            <dt>calls</dt>
            <dd>{callee}</dd>
          </div>
        )}
        {of.callee.template !== "" && (
          <div>
            <dt>with</dt>
            <dd>
              <code>{of.callee.template}</code>
            </dd>
          </div>
        )}
        <div>
          <dt>entered by</dt>
          <dd>{of.entries.map(([operation, traces]) => `${operation} (${counted(traces, "trace")})`).join(", ")}</dd>
        </div>
        {of.versions.length > 0 && (
          <div>
            <dt>versions</dt>
            <dd>{of.versions.join(", ")}</dd>
          </div>
        )}
        <div>
          <dt>seen</dt>
          <dd>
            {clock(of.first_seen)} to {clock(of.last_seen)}
          </dd>
        </div>
        {of.related.length > 0 && (
          <div>
            <dt>also shows as</dt>
            <dd>{of.related.map(plain).join(", ")}</dd>
          </div>
        )}
      </dl>
    </section>
  );
}
