// Home: what costs most, what to do about it, and everything else in order.
import { useEffect } from "preact/hooks";

import { type Pages, usePages } from "../api/pages";
import type { Hotspot, HotspotList } from "../api/types";
import { CoverageStrip } from "../parts/coverage";
import { Empty } from "../parts/empty";
import { LongBody } from "../parts/long";
import { BreakMark, StateMark } from "../parts/marks";
import { Spark } from "../parts/spark";
import { Refused, WaitingOverFirst } from "../parts/talk";
import { route, to } from "../route";
import { counted, cut, duration, effort, percent, perHour } from "../text/format";
import { FILTERS, Filters } from "./filters";

const EVERY_MS = 5_000;
/** Characters of sentences and of names in the list. */
const TITLE = 180;
const NAME = 60;

export function Hotspots() {
  const { query, back } = route.value;
  const asked = new URLSearchParams([...query].filter(([name]) => FILTERS.includes(name)));
  const pages = usePages<HotspotList, Hotspot>({
    path: `hotspots?${asked}`,
    every: EVERY_MS,
    rowsOf: ({ hotspots }) => hotspots,
    key: ({ id }) => id,
    back,
  });
  const { list: data, rows, refusal, again, moved, settle } = pages;
  const filtered = FILTERS.some((name) => query.has(name));
  const title = data ? counted(data.total, filtered ? "matching hotspot" : "hotspot") : "Hotspots";
  useEffect(() => {
    document.title = `${title} · Hotspan`;
  }, [title]);
  const first = query.size === 0 ? rows[0] : undefined;
  return (
    <main>
      {first ? <First of={first} /> : null}
      <div class="line">
        {first ? <h2>{title}</h2> : (data || refusal) && <h1>{title}</h1>}
        {moved > 0 && (
          <button type="button" onClick={settle} class="moved">
            {counted(moved, "row")} would move: show the order of now
          </button>
        )}
      </div>
      {!data && !refusal && <WaitingOverFirst what="Hotspots" />}
      {data && <CoverageStrip of={data.coverage} />}
      {(data || refusal) && <Filters />}
      {refusal && <Refused refusal={refusal} again={again} />}
      {data && rows.length === 0 && <Empty coverage={data.coverage} filtered={filtered} />}
      {data && rows.length > 0 && <Rows of={pages} />}
    </main>
  );
}

/** The dearest one in words: the first thing that is read at three in the morning. */
function First({ of }: { of: Hotspot }) {
  const { before, after } = of.operation_p50_ns;
  return (
    <section class={`first-fix ${of.break}`}>
      <p class="kicker">Change this first: it gains most for its effort</p>
      <h1>
        <a href={to("hotspots", of.id)}>{cut(of.title, TITLE)}</a>
      </h1>
      <p class="advice">
        In <b>{cut(of.service, NAME)}</b>: {cut(of.fix.summary, TITLE)}.
      </p>
      <p class="faint">
        {worth(of)}
        {before && after ? `; half of the requests would take ${duration(after)} instead of ${duration(before)}` : ""}. {percent(of.confidence)} sure,{" "}
        about {effort(of.effort_weeks)} of work.
      </p>
    </section>
  );
}

/** What an hour of it costs, in a clause. */
export function worth(of: Hotspot): string {
  return of.impact_basis === "saving"
    ? `Saves ${perHour(of.impact_s_per_hour)} of waiting an hour`
    : `${perHour(of.impact_s_per_hour)} of waiting an hour lies open to it`;
}

function Rows({ of }: { of: Pages<HotspotList, Hotspot> }) {
  return (
    <table class="cards hotspots" aria-rowcount={of.total + 1}>
      <caption class="unseen">Hotspots by rank</caption>
      <thead>
        <tr>
          <th scope="col" class="n">
            #
          </th>
          <th scope="col" class="what">What costs, and what to do</th>
          <th scope="col" class="n" title="Seconds that requests would wait less in an hour; open: seconds that lie open to the fault">
            Saves an hour
          </th>
          <th scope="col" class="n" title="What the fix would save of an affected request, from a replay of its trace">
            A request
          </th>
          <th scope="col" class="n" title="How sure Hotspan is">
            Sure
          </th>
          <th scope="col" class="n" title="Work of one team">
            Effort
          </th>
          <th scope="col">Last hour</th>
        </tr>
      </thead>
      <LongBody rows={of.rows} total={of.total} heights={of.heights} look={of.look}>
        {(row, at) => <Row key={row.id} of={row} at={at} />}
      </LongBody>
    </table>
  );
}

function Row({ of, at }: { of: Hotspot; at: number }) {
  const saves = of.impact_basis === "saving";
  return (
    <tr aria-rowindex={at + 2}>
      <td class="n rank" data-head="#">
        {of.rank}
      </td>
      <td class="what">
        <div class="title">
          <BreakMark of={of.break} />
          <a href={to("hotspots", of.id)} data-row title={of.title.length > TITLE ? of.title : undefined}>
            {cut(of.title, TITLE)}
          </a>
          <StateMark of={of.state} />
        </div>
        <div class="faint">
          <b>{cut(of.service, NAME)}</b> · {cut(of.fix.summary, TITLE)}
        </div>
      </td>
      <td class="n" data-head="Saves an hour">
        {perHour(of.impact_s_per_hour)}
        {!saves && <small>open</small>}
      </td>
      <td class="n" data-head="A request">
        {saves ? (
          <>
            {duration(of.saving_ns.likely)}
            <small>{percent(of.saving_share)}</small>
          </>
        ) : (
          "–"
        )}
      </td>
      <td class="n" data-head="Sure">
        {percent(of.confidence)}
      </td>
      <td class="n" data-head="Effort">
        {effort(of.effort_weeks)}
      </td>
      <td data-head="Last hour">
        <Spark minutes={of.trend.minute} />
      </td>
    </tr>
  );
}
