/**
 * The cost of the public page: a cached answer beside a minimal Worker, in the same runtime and in
 * turns. Also the requests to the origin at a thousand readers' requests a second, and the bytes
 * for a browser.
 */
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { sum } from "../../scripts/lib/sum.ts";
import type { Bench } from "../rig/bench.ts";
import { measureCpu } from "../rig/cpu.ts";
import { type HttpLoad, putLoad } from "../rig/http-load.ts";
import {
  originRequests,
  type Part,
  type Served,
  startHello,
  startPage,
  timeOrigin,
  weigh,
} from "../rig/page.ts";
import { type Spread, spread } from "../rig/spread.ts";
import { emptyTables } from "../rig/tables.ts";
import { seedUsers } from "../rig/users.ts";

const USERS = 1_000;
const STEADY_REQUESTS_PER_SECOND = 1_000;

interface PageRow {
  name: string;
  requestsPerSecond: Spread;
  p50Ms: Spread;
  p99Ms: Spread;
  /** CPU of the runtime and of its server here, in microseconds for each request. */
  cpuMicroseconds: Spread;
  failed: number;
}

export interface PageResult {
  rows: PageRow[];
  origin: { p50Ms: number; p99Ms: number };
  steady: HttpLoad & { originRequestsPerMinute: number };
  parts: Part[];
}

export async function page(bench: Bench): Promise<PageResult> {
  const { stack, owner, effort } = bench;
  const seconds = effort.quick ? 5 : 15;
  await seedUsers(owner, USERS);
  const served = await startPage(stack);
  const hello = await startHello();
  const helloWithFiles = await startHello(join(ROOT, "worker/browser"));
  try {
    const targets: [string, Served][] = [
      ["hello", hello],
      ["hello, behind static files", helloWithFiles],
      ["/api/summary", { ...served, url: `${served.url}/api/summary` }],
      ["/", { ...served, url: `${served.url}/` }],
    ];
    const runs = new Map<string, Awaited<ReturnType<typeof measure>>[]>();
    for (let round = -1; round < effort.rounds; round++) {
      for (const [name, target] of targets) {
        bench.say(`page: ${name}, ${round < 0 ? "warming up" : `round ${round + 1}`}`);
        const run = await measure(bench, target, round < 0 ? 3 : seconds);
        if (round >= 0) runs.set(name, [...(runs.get(name) ?? []), run]);
      }
    }
    return {
      rows: [...runs].map(([name, of]) => summarize(name, of)),
      origin: await timeOrigin(stack.config),
      steady: await askSteadily(bench, `${served.url}/api/summary`),
      parts: await weigh(`${served.url}/`),
    };
  } finally {
    await hello.stop();
    await helloWithFiles.stop();
    await emptyTables(owner);
  }
}

async function measure({ stack }: Bench, { url, processId }: Served, seconds: number) {
  const endCpu = measureCpu(stack, [processId]);
  const load = await putLoad(url, { seconds });
  const cpuMicroseconds = (endCpu().client * 1_000_000) / load.answered;
  return { ...load, cpuMicroseconds };
}

const summarize = (name: string, runs: Awaited<ReturnType<typeof measure>>[]): PageRow => ({
  name,
  requestsPerSecond: spread(runs.map((run) => run.requestsPerSecond)),
  p50Ms: spread(runs.map((run) => run.p50Ms)),
  p99Ms: spread(runs.map((run) => run.p99Ms)),
  cpuMicroseconds: spread(runs.map((run) => run.cpuMicroseconds)),
  failed: sum(runs.map(({ failed }) => failed)),
});

async function askSteadily({ stack, effort, say }: Bench, url: string) {
  const seconds = effort.quick ? 15 : 60;
  say(`page: ${STEADY_REQUESTS_PER_SECOND} requests a second for ${seconds} s`);
  const before = await originRequests(stack.config);
  const load = await putLoad(url, { seconds, requestsPerSecond: STEADY_REQUESTS_PER_SECOND });
  const asked = (await originRequests(stack.config)) - before;
  return { ...load, originRequestsPerMinute: (asked * 60) / seconds };
}
