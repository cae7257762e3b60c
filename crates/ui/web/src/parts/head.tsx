// The heading of a page, which is its title in the browser too.
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";

export function Head({ title, children }: { title: string; children?: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} · Hotspan`;
  }, [title]);
  return (
    <>
      <h1>{title}</h1>
      {children}
    </>
  );
}
