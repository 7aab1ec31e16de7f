/**
 * worker:dev as a process: its address, the failures that it survives, and its remains at the end.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../scripts/host/free-ports.ts";
import { isAlive, processTree } from "../scripts/host/process-tree.ts";
import { until } from "../scripts/lib/wait.ts";
import { FakeOrigin } from "./harness/fake-origin.ts";
import { type Environment, run, start } from "./harness/script.ts";

setDefaultTimeout(90_000);

const SCRIPT = "scripts/worker-dev.ts";
const SECRET = "a-secret-of-the-tests-32-characters-long";

let origin: FakeOrigin;
let environment: Environment;
let program: ReturnType<typeof start>;
let url: string;
beforeAll(async () => {
  origin = new FakeOrigin();
  const [port] = await freePorts(1);
  environment = {
    PATH: process.env.PATH ?? "",
    HOME: process.env.HOME ?? "",
    STATE_DIR: mkdtempSync(join(tmpdir(), "worker-dev-test-")),
    WORKER_PORT: String(port),
    SUMMARY_URL: origin.url,
    SUMMARY_SECRET: SECRET,
  };
  url = `http://127.0.0.1:${port}`;
  program = start(environment, SCRIPT);
  await untilAnswering();
});
afterAll(async () => {
  program?.kill("SIGTERM");
  await program?.exited;
  await origin?.stop();
  rmSync(environment.STATE_DIR!, { recursive: true, force: true });
});

const untilAnswering = () =>
  until("the Worker answers", 60_000, async () => {
    const response = await fetch(`${url}/api/summary`);
    if (!response.ok) throw new Error(`${response.status}`);
  });

/** Cloudflare's runtime, which the program has started. */
const runtimeOf = ({ pid }: { pid: number }) => processTree(pid).filter((id) => id !== pid);

test("worker:dev wakes the Worker at its start and shows the origin the secret", async () => {
  await until("the origin is asked for the picture", 20_000, async () => {
    const asked = origin.asked.map(({ path }) => path);
    if (!asked.includes("/preview.png")) throw new Error(`it was asked for ${asked}`);
  });
  for (const { headers } of origin.asked) {
    expect(headers.get("authorization")).toBe(`Bearer ${SECRET}`);
  }
});

test("worker:dev keeps what it has in STATE_DIR, apart for each port", () => {
  const place = join(environment.STATE_DIR!, "worker", environment.WORKER_PORT!);
  expect(existsSync(join(place, "kept/do"))).toBe(true);
});

test("worker:dev names the port that is taken and leaves the one that has it alone", async () => {
  const { exitCode, stderr } = await run(environment, SCRIPT);
  expect(exitCode).toBe(1);
  expect(stderr).toBe(
    `Cannot serve the Worker: port ${environment.WORKER_PORT} is in use; set WORKER_PORT to another\n`,
  );
  expect((await fetch(`${url}/robots.txt`)).status).toBe(200);
});

test("worker:dev refuses with status 2 without the secret", async () => {
  const { exitCode, stderr } = await run({ ...environment, SUMMARY_SECRET: "" }, SCRIPT);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("SUMMARY_SECRET");
});

test("worker:dev answers again when its runtime was killed, with what it had kept", async () => {
  const [runtime] = runtimeOf(program);
  const { as_of } = (await (await fetch(`${url}/api/summary`)).json()) as { as_of: string };
  origin.answer = () => new Response(null, { status: 503 });
  process.kill(runtime!, "SIGKILL");
  await until("another runtime runs", 20_000, async () => {
    if (runtimeOf(program).every((id) => id === runtime)) throw new Error("none does");
  });
  await untilAnswering();
  const again = (await (await fetch(`${url}/api/summary`)).json()) as { as_of: string };
  expect(Date.parse(again.as_of)).toBeLessThanOrEqual(Date.parse(as_of));
});

test("worker:dev ends at once when it is told to, and its runtime with it", async () => {
  const runtimes = runtimeOf(program);
  expect(runtimes.length).toBeGreaterThan(0);
  program.kill("SIGTERM");
  expect(await program.exited).toBe(0);
  await until("the runtime has ended", 5_000, async () => {
    if (runtimes.some(isAlive)) throw new Error("it still runs");
  });
});
