// Two windows, two versions or two traces side by side. Both sides are parameters of the address, as the API reads them.
import { Head } from "../parts/head";
import { Banner } from "../parts/talk";
import { route, to } from "../route";
import { Changes } from "./compare-hotspots";
import { SideChoice, kindOf } from "./compare-sides";
import { TracePair } from "./compare-traces";

export function Compare() {
  const query = route.value.query;
  const [a, b] = [query.get("a") ?? "", query.get("b") ?? ""];
  const kind = kindOf(a, b);
  return (
    <main>
      <Head title="Compare" />
      <SideChoice a={a} b={b} />
      {kind !== "traces" && <Changes query={query} />}
      {kind === "traces" && a !== "" && b !== "" && <TracePair key={`${a} ${b}`} a={a} b={b} />}
      {kind === "traces" && (a === "" || b === "") && (
        <Banner>
          <p>
            One trace is chosen. Give the id of the other above; <a href={to("traces")}>the traces that are held</a> have theirs.
          </p>
        </Banner>
      )}
    </main>
  );
}
