// A daemon of its own for a test, and a proxy that shows it under a prefix.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long anything may take before it counts as never. */
export const PATIENCE_MS = 60_000;

/** Asks again until `done` says yes. */
export async function until(what, done) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await done();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function serve(memory = "1GiB") {
  const binary = process.env.HOTSPAN;
  const work = mkdtempSync(join(tmpdir(), "hotspan-page-"));
  const ready = join(work, "ready.json");
  const log = openSync(join(work, "daemon.log"), "w");
  const any = "127.0.0.1:0";
  const child = spawn(
    binary,
    ["serve", "--in-memory", "--otlp-grpc", any, "--otlp-http", any, "--listen", any, "--complete-quiet", "300ms", "--rootless-quiet", "1s", "--memory", memory, "--ready-file", ready],
    { stdio: ["ignore", log, log], env: { ...process.env, HOTSPAN_LOG: "warn" } },
  );
  await until("the daemon listens", () => existsSync(ready) && readFileSync(ready, "utf8").trim().endsWith("}"));
  const { listen, otlp_http, otlp_grpc } = JSON.parse(readFileSync(ready, "utf8"));
  return {
    url: `http://${listen}`,
    otlp: otlp_http,
    grpc: otlp_grpc,
    ask: async (path) => (await fetch(`http://${listen}/api/v1/${path}`)).json(),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await ended;
      }
      rmSync(work, { recursive: true, force: true });
    },
  };
}

/** Shows `url` under `/some/prefix/`, and nothing elsewhere. */
export async function behindPrefix(url) {
  const prefix = "/some/prefix";
  const { hostname, port } = new URL(url);
  const server = createServer((asked, answer) => {
    if (!asked.url.startsWith(`${prefix}/`)) {
      answer.writeHead(404).end("not under the prefix");
      return;
    }
    const onward = request({ hostname, port, path: asked.url.slice(prefix.length), method: asked.method, headers: asked.headers }, (reply) => {
      answer.writeHead(reply.statusCode, reply.headers);
      reply.pipe(answer);
    });
    onward.on("error", () => answer.destroy());
    asked.pipe(onward);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}${prefix}`, stop: () => server.close() };
}
