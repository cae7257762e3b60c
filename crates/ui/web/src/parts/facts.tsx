// Figures with their names, and tables that become cards where there is no room.
import type { ComponentChildren } from "preact";

export interface Fact {
  name: string;
  value: ComponentChildren;
  /** What it means, below the value. */
  note?: ComponentChildren;
  /** It needs the room of two. */
  wide?: boolean;
}

export function Facts({ of }: { of: Fact[] }) {
  return (
    <dl class="facts">
      {of.map(({ name, value, note, wide }) => (
        <div key={name} class={wide ? "wide" : ""}>
          <dt>{name}</dt>
          <dd>
            <span class="figure">{value}</span>
            {note !== undefined && <span class="note">{note}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

export interface Column<T> {
  head: string;
  cell: (row: T) => ComponentChildren;
  number?: boolean;
  /** It names the row, in texts of any length. */
  what?: boolean;
  /** What the head means. */
  title?: string;
}

export function Table<T>({ caption, columns, rows, by }: { caption: string; columns: Column<T>[]; rows: T[]; by: (row: T) => string }) {
  return (
    <table class="cards">
      <caption class="unseen">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ head, number, title }) => (
            <th key={head} scope="col" class={number ? "n" : ""} title={title}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={by(row)}>
            {columns.map(({ head, cell, number, what }) => (
              <td key={head} class={number ? "n" : what ? "what" : ""} data-head={head}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
