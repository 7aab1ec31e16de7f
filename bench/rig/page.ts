/** The public page of a measured stack, and a minimal Worker beside it. */
import { join } from "node:path";
import { gzipSync } from "bun";
import { freePorts } from "../../scripts/host/free-ports.ts";
import { type Config, ROOT } from "../../scripts/lib/config.ts";
import { sum } from "../../scripts/lib/sum.ts";
import { until } from "../../scripts/lib/wait.ts";
import { runOrThrow } from "../../tests/harness/script.ts";
import { quantile } from "./spread.ts";
import type { Stack } from "./stack.ts";

const START_MS_MAX = 60_000;
const ORIGIN_REQUESTS = 5_000;
const ORIGIN_WARM_UPS = 500;

export interface Served {
  url: string;
  processId: number;
}

/** Starts the summary origin and the Worker. */
export async function startPage({ environment, config }: Stack): Promise<Served> {
  await runOrThrow(environment, "scripts/up.ts", ["worker"]);
  const rows: { service: string; processId: number }[] = JSON.parse(
    await runOrThrow(environment, "scripts/status.ts", ["--json"]),
  );
  const { processId } = rows.find(({ service }) => service === "worker")!;
  return { url: `http://127.0.0.1:${config.WORKER_PORT}`, processId };
}

/** With a folder, behind its files. */
export async function startHello(folder?: string): Promise<Served & { stop(): Promise<void> }> {
  const [port] = await freePorts(1);
  const script = join(ROOT, "bench/rig/hello-worker.ts");
  const program = Bun.spawn(
    [process.execPath, "--no-env-file", script, `${port}`, ...(folder ? [folder] : [])],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  const url = `http://127.0.0.1:${port}/`;
  await until("the minimal Worker answers", START_MS_MAX, () => fetch(url));
  return {
    url,
    processId: program.pid,
    async stop() {
      program.kill();
      await program.exited;
    },
  };
}

const askOrigin = (config: Config, path: string) =>
  fetch(`http://127.0.0.1:${config.SUMMARY_PORT}${path}`, {
    headers: { authorization: `Bearer ${config.SUMMARY_SECRET}` },
  });

/** The origin's time for an answer, one request after the other. */
export async function timeOrigin(config: Config): Promise<{ p50Ms: number; p99Ms: number }> {
  const times: number[] = [];
  for (let attempt = -ORIGIN_WARM_UPS; attempt < ORIGIN_REQUESTS; attempt++) {
    const startMs = performance.now();
    const response = await askOrigin(config, "/summary");
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`Cannot time the origin: it answers ${response.status}`);
    if (attempt >= 0) times.push(performance.now() - startMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return { p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}

/** How often the origin was asked for its summary. */
export async function originRequests(config: Config): Promise<number> {
  const response = await askOrigin(config, "/metrics");
  const text = await response.text();
  const counts = [...text.matchAll(/^rtdp_summary_requests_total\{[^}]*\} (\d+)/gm)];
  return sum(counts.map(([, count]) => Number(count)));
}

export interface Part {
  name: string;
  bytes: number;
  gzipBytes: number;
}

/** The bytes that a reader's browser fetches for the page, part by part. */
export async function weigh(pageUrl: string): Promise<Part[]> {
  const html = await (await fetch(pageUrl)).text();
  const files = [...html.matchAll(/<(?:script|link)\b[^>]*\b(?:src|href)="(\/[^"]+)"/g)]
    .map(([, path]) => path!)
    .filter((path) => /\.(js|css|svg|ico|png)$/.test(path));
  const parts = [part("the page itself", new TextEncoder().encode(html))];
  for (const path of new Set(files)) {
    const response = await fetch(new URL(path, pageUrl));
    if (!response.ok) throw new Error(`Cannot weigh ${path}: it answers ${response.status}`);
    parts.push(part(path.replace(/[-.][a-z0-9]{6,}(?=\.)/, ""), await response.bytes()));
  }
  return parts;
}

const part = (name: string, content: Uint8Array<ArrayBuffer>): Part => ({
  name,
  bytes: content.length,
  gzipBytes: gzipSync(content).length,
});
