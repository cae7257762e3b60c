// Ways to other tools, as the operator configured them.
import type { Link } from "../api/types";

/** Only the web is linked to, whatever a template says. */
function leads({ url }: Link): boolean {
  return /^https?:\/\//i.test(url);
}

export function Links({ of }: { of: { links?: Link[] } }) {
  return (
    <>
      {of.links?.filter(leads).map(({ name, url }) => (
        <a key={`${name} ${url}`} href={url} target="_blank" rel="noopener noreferrer">
          {name} <span aria-hidden="true">↗</span>
          <span class="unseen"> (elsewhere)</span>
        </a>
      ))}
    </>
  );
}
