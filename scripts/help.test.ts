/** Every command of package.json is listed, and its help says what a person needs. */
import { expect, setDefaultTimeout, test } from "bun:test";
import manifest from "../package.json" with { type: "json" };
import { ROOT } from "./lib/config.ts";
import { verbs } from "./lib/verbs.ts";

setDefaultTimeout(120_000);

const names = Object.keys(manifest.scripts);

async function run(...words: string[]) {
  const program = Bun.spawn([process.execPath, "run", ...words], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [exitCode, stdout, stderr] = await Promise.all([
    program.exited,
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  return { exitCode, stdout, stderr };
}

test("help lists every command of package.json, in lines of at most 80 columns", async () => {
  expect(Object.keys(verbs).sort()).toEqual(names.toSorted());
  const { exitCode, stdout } = await run("help");
  expect(exitCode).toBe(0);
  const lines = stdout.split("\n");
  for (const name of names) {
    expect(lines.filter((line) => line.startsWith(`  ${name} `)).length).toBe(1);
  }
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

test.each(names)(
  "%s has a help with its exit statuses, in lines of at most 100 columns",
  async (name) => {
    const { exitCode, stdout, stderr } = await run(name, "--help");
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^EXIT STATUS$/m);
    expect(stdout).not.toContain("\u001b");
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  },
);

test("help shows the help of a command, and names the one that a wrong word may mean", async () => {
  const [one, other] = await Promise.all([run("help", "replay"), run("replay", "--help")]);
  expect(one).toEqual(other);
  expect(await run("help", "verfiy")).toEqual({
    exitCode: 2,
    stdout: "",
    stderr: "Cannot run verfiy: there is no such command; did you mean `bun run verify`?\n",
  });
});

test("scripts/run refuses an unknown command, and runs from every folder", () => {
  const started = (...words: string[]) =>
    Bun.spawnSync([`${ROOT}/scripts/run`, ...words], { cwd: "/" });
  for (const [word, hint] of [
    ["pu", "did you mean `bun run up`?"],
    ["../tools/fix", "`bun run help` lists the commands"],
    ["lib/flags", "`bun run help` lists the commands"],
    ["no such", "`bun run help` lists the commands"],
  ] as const) {
    const refused = started(word);
    expect([refused.exitCode, refused.stderr.toString()]).toEqual([
      2,
      `Cannot run ${word}: there is no such command; ${hint}\n`,
    ]);
  }
  const listing = started("help").stdout.toString();
  expect(listing).toContain("Start and stop\n");
  expect([started(), started("--help")].map(({ stdout }) => stdout.toString())).toEqual([
    ...[listing, listing],
  ]);
});

const FOR_DENO = "consume dead-letters migrate produce query replay summary verify".split(" ");

test.each(FOR_DENO)("%s also runs under Deno", async (name) => {
  const deno = `${ROOT}/node_modules/deno/deno`;
  const program = Bun.spawn([deno, "run", "-A", `${ROOT}/scripts/${name}.ts`, "--help"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  expect([await program.exited, await new Response(program.stderr).text()]).toEqual([0, ""]);
  expect(await new Response(program.stdout).text()).toContain(`bun run ${name} [FLAGS]`);
});
