// What all pages share: the way to the others, whether the data is live, and the place where a page goes.
import type { FunctionComponent } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Audit } from "../pages/audit";
import { Compare } from "../pages/compare";
import { Hotspot } from "../pages/hotspot";
import { Hotspots } from "../pages/hotspots";
import { Ingest } from "../pages/ingest";
import { Operation } from "../pages/operation";
import { Services } from "../pages/services";
import { ThirdParties } from "../pages/third-parties";
import { Trace } from "../pages/trace";
import { Traces } from "../pages/traces";
import { type PageName, type Route, route, to } from "../route";
import { Connection } from "./connection";
import { Help } from "./help";
import { WAYS } from "./ways";

function pageOf({ page, id }: Route): FunctionComponent {
  switch (page) {
    case "":
      return Hotspots;
    case "hotspots":
      return id === "" ? Hotspots : Hotspot;
    case "traces":
      return id === "" ? Traces : Trace;
    case "audit":
      return Audit;
    case "services":
      return Services;
    case "operation":
      return Operation;
    case "third-parties":
      return ThirdParties;
    case "compare":
      return Compare;
    case "ingest":
      return Ingest;
    case null:
      return Nowhere;
  }
}

function Nowhere() {
  return (
    <main>
      <h1>There is no such page</h1>
      <p>
        The address may be cut or misspelt. <a href={to("")}>Go to the hotspots.</a>
      </p>
    </main>
  );
}

/** Under which way of the head a page stands. */
function wayOf(page: PageName | null): PageName | null {
  if (page === "hotspots") return "";
  return page === "operation" ? "services" : page;
}

export function Shell() {
  const { page, id } = route.value;
  const Page = pageOf(route.value);
  const place = useRef<HTMLDivElement>(null);
  const entered = useRef(false);
  useEffect(() => {
    // Whoever reads by ear or key is led to what changed; on the first page the browser has done so.
    if (entered.current) place.current?.focus({ preventScroll: true });
    entered.current = true;
  }, [page, id]);
  return (
    <>
      <a class="skip" href="#content">
        Skip to the content
      </a>
      <header class="head">
        <a class="brand" href={to("")}>
          Hotspan
        </a>
        <nav aria-label="Pages">
          {WAYS.map(([name, title]) => (
            <a key={name} href={to(name)} aria-current={wayOf(page) === name ? "page" : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <Connection />
      </header>
      <div id="content" tabIndex={-1} ref={place}>
        <Page key={`${page}/${id}`} />
      </div>
      <Help />
    </>
  );
}
