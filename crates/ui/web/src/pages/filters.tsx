// Which hotspots are listed. Every choice is a parameter of the address, under the name that the API gives it.
import { useLive } from "../api/live";
import type { Break, DetectorList, ServiceList, State } from "../api/types";
import { BreakMark } from "../parts/marks";
import { go, route, to, withQuery } from "../route";
import { BREAKS, STATES } from "../text/words";

/** The parameters that are filters. */
export const FILTERS = ["service", "break", "detector", "state", "min_confidence", "since", "entry", "sort"];

const SORTS: [string, string][] = [
  ["", "gain for effort"],
  ["impact", "seconds an hour"],
  ["last_seen", "last seen"],
];
const SURE: [string, string][] = [
  ["", "40 % or more"],
  ["0", "any"],
  ["0.7", "70 % or more"],
  ["0.9", "90 % or more"],
];

export function Filters() {
  const query = route.value.query;
  const services = useLive<ServiceList>("services?limit=1000", 60_000).data?.services ?? [];
  const detectors = useLive<DetectorList>("detectors", 0).data?.detectors ?? [];
  const breaks = query.getAll("break");
  const toggle = (one: string) =>
    withQuery({ break: breaks.includes(one) ? breaks.filter((of) => of !== one) : [...breaks, one], cursor: "" });
  const words = detectors.map(({ detector }) => detector).sort();
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      <Choice name="service" title="Service" values={[["", "all"], ...services.map(({ service }) => pair(service))]} search />
      <fieldset>
        <legend>Break</legend>
        {(Object.keys(BREAKS) as Break[]).map((one) => (
          <button key={one} type="button" aria-pressed={breaks.includes(one)} onClick={() => go(toggle(one))}>
            <BreakMark of={one} named />
          </button>
        ))}
      </fieldset>
      <Choice name="detector" title="Detector" values={[["", "all"], ...words.map(pair)]} />
      <Choice
        name="state"
        title="State"
        values={[["", "all but muted"], ...(Object.keys(STATES) as State[]).map((of): [string, string] => [of, STATES[of].name])]}
      />
      <Choice name="min_confidence" title="Sure" values={SURE} />
      <Choice name="sort" title="Order" values={SORTS} />
      {FILTERS.some((name) => query.has(name)) && <a href={to("")}>Clear</a>}
    </form>
  );
}

/** A value that says itself. */
export function pair(value: string): [string, string] {
  return [value, value];
}

interface ChoiceProps {
  name: string;
  title: string;
  values: [string, string][];
  search?: boolean;
}

/** A choice that is the parameter `name` of the address. */
export function Choice({ name, title, values, search = false }: ChoiceProps) {
  const chosen = route.value.query.get(name) ?? "";
  return <Select name={name} title={title} values={values} search={search} chosen={chosen} choose={(value) => go(withQuery({ [name]: value, cursor: "" }))} />;
}

/** One of several values, each with what it says. */
export function Select({ name, title, values, search, chosen, choose }: ChoiceProps & { chosen: string; choose: (value: string) => void }) {
  // A value of the address that no list has, say a service that is gone, is still what was asked for.
  const shown = values.some(([value]) => value === chosen) ? values : [...values, pair(chosen)];
  return (
    <label>
      {title}
      <select
        name={name}
        value={chosen}
        data-search={search || undefined}
        class={chosen === "" ? "" : "chosen"}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {shown.map(([value, says]) => (
          <option key={value} value={value} selected={value === chosen}>
            {says}
          </option>
        ))}
      </select>
    </label>
  );
}
