/**
 * A service is one folder and one line. This adds one to a copy of the checkout, by the steps of
 * CONTRIBUTING, "Add a service". Then it brings the service up.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { freePorts, isFree } from "../scripts/host/free-ports.ts";
import { ROOT } from "../scripts/lib/config.ts";
import { until } from "../scripts/lib/wait.ts";
import type { Row } from "../scripts/stack/show/report.ts";
import { copyCheckout } from "./harness/checkout.ts";
import { type Environment, run, runOrThrow } from "./harness/script.ts";
import { generatedSettings, newSettings } from "./harness/stack.ts";

const MINUTE = 60_000;
setDefaultTimeout(5 * MINUTE);

const SERVICE = `
import { password } from "../scripts/host/environment.ts";
import type { Service } from "../scripts/host/service.ts";
import { bunCommand } from "../scripts/host/start.ts";
import { answersHealthCheck } from "../scripts/lib/probe.ts";
import { localAddress } from "../scripts/lib/web-address.ts";

export const greeter: Service = {
  name: "greeter",
  title: "says hello",
  folder: "greeter",
  group: "greetings",
  needs: [],
  ports: ["GREETER_PORT"],
  programs: [
    {
      name: "greeter",
      launch: () => ({ command: bunCommand("greeter/greet.ts") }),
      secrets: ["GREETER_PASSWORD"],
      memory: { megabytesMax: 64 },
    },
  ],
  runtimes: [],
  secrets: { GREETER_PASSWORD: password },
  address: (config) => localAddress(config.GREETER_PORT),
  login: { user: "guest", setting: "GREETER_PASSWORD" },
  probe: (config) => answersHealthCheck(localAddress(config.GREETER_PORT)),
  facts: async () => "1 greeting",
  readyMsMax: 60_000,
};
`;

/** Says which secrets it was given. */
const PROGRAM = `
Bun.serve({
  port: Number(process.env.GREETER_PORT),
  hostname: "127.0.0.1",
  fetch: () =>
    Response.json(Object.keys(process.env).filter((name) => /PASSWORD|SECRET|_KEY$/.test(name))),
});
console.log("Hello");
`;

let checkout: string;
let settings: Environment;

beforeAll(async () => {
  checkout = mkdtempSync(join(tmpdir(), "add-service-"));
  copyCheckout(checkout);
  const [port] = await freePorts(1);
  settings = { ...(await newSettings()), GREETER_PORT: String(port) };
  addService();
});

afterAll(async () => {
  await command("down");
  rmSync(settings.STATE_DIR!, { recursive: true, force: true });
  rmSync(checkout, { recursive: true, force: true });
});

function addService(): void {
  // 1. A folder with its service.ts.
  mkdirSync(join(checkout, "greeter"));
  writeFileSync(join(checkout, "greeter/service.ts"), SERVICE);
  writeFileSync(join(checkout, "greeter/greet.ts"), PROGRAM);
  // 2. An import and a line.
  const list = "scripts/stack/services.ts";
  change(
    list,
    "import type {",
    `import { greeter } from "../../greeter/service.ts";\nimport type {`,
  );
  change(list, "\n];", "\n  greeter,\n];");
  // 3. Its settings.
  const names = ["GREETER_PORT", "GREETER_PASSWORD"];
  change(
    "scripts/lib/config.ts",
    "\n  CODESPACE_NAME:",
    "\n  GREETER_PORT: port(8099),\n  GREETER_PASSWORD: secret,\n\n  CODESPACE_NAME:",
  );
  change(
    ".env.example",
    "# Name of the codespace",
    "# Port of the greeter.\n#GREETER_PORT=8099\n# Password of its guests; generated.\n#GREETER_PASSWORD=\n\n# Name of the codespace",
  );
  change(".devcontainer/settings", "CODESPACE_NAME", [...names, "CODESPACE_NAME"].join("\n"));
}

function change(path: string, from: string, to: string): void {
  const file = join(checkout, path);
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

/** A command of the copy. */
const command = (name: string, ...words: string[]) =>
  run(settings, relative(ROOT, join(checkout, `scripts/${name}.ts`)), words);

async function greeter(): Promise<Row> {
  const { stdout } = await command("status", "greeter", "--json");
  return (JSON.parse(stdout) as Row[])[0]!;
}

test("the unit tests of the list, the settings and compose.yaml hold with one more service", () => {
  const files = ["scripts/stack", "scripts/compose/compose.test.ts", "scripts/lib/config.test.ts"];
  const { exitCode, stderr } = Bun.spawnSync(
    [process.execPath, "--no-env-file", "test", ...files.map((file) => `./${file}`)],
    { cwd: checkout, env: settings },
  );
  expect([exitCode, stderr.toString().match(/^\(fail\).*$/gm)]).toEqual([0, null]);
});

test("up starts it when it or its group is named, and status, logs and doctor know it", async () => {
  expect((await command("status")).stdout).toContain("greeter is not started: bun run up greeter");
  const started = await command("up", "greeter");
  expect([started.exitCode, started.stderr]).toEqual([0, expect.stringContaining("is ready")]);
  settings = { ...settings, ...generatedSettings(settings) };
  expect(await greeter()).toMatchObject({
    title: "says hello",
    state: "ready",
    facts: "1 greeting",
  });
  const answer = await fetch(`http://127.0.0.1:${settings.GREETER_PORT}`);
  expect(await answer.json()).toEqual(["GREETER_PASSWORD"]);
  const before = (await greeter()).processId;
  expect((await command("up", "greetings")).exitCode).toBe(0);
  expect((await greeter()).processId).toBe(before!);
  expect((await command("logs", "greeter", "--no-follow")).stdout).toContain("Hello");
  expect((await command("status", "--logins")).stdout).toContain(settings.GREETER_PASSWORD!);
  expect((await command("doctor")).stdout).toContain(
    `${settings.GREETER_PORT}, used by our greeter`,
  );
});

test("up starts it again when its code has changed", async () => {
  const before = (await greeter()).processId;
  change("greeter/greet.ts", "Hello", "Hello again");
  const { stderr } = await command("up", "greeter");
  expect(stderr).toContain("because the code changed");
  expect((await greeter()).processId).not.toBe(before!);
});

test("the supervisor starts it again after a kill, and down stops it", async () => {
  process.kill((await greeter()).processId!, "SIGKILL");
  await until("it was started again", MINUTE, async () => {
    expect(await greeter()).toMatchObject({ state: "ready", restarts: { count: 1 } });
  });
  expect((await command("down", "greeter")).stdout).toBe("Stopped greeter\n");
  expect((await greeter()).state).toBe("stopped");
  expect(await isFree(Number(settings.GREETER_PORT))).toBe(true);
});

test("up without names leaves it out", async () => {
  const help = await runOrThrow(settings, relative(ROOT, join(checkout, "scripts/up.ts")), [
    "--help",
  ]);
  expect(help).toMatch(/^ *greetings +greeter$/m);
  expect(help).toMatch(/^ *default +kafka, postgres/m);
});
