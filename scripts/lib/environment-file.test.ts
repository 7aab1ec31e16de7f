/** The environment file under the real Deno, with the real @std/dotenv from a registry like JSR. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistry } from "../../tests/harness/jsr.ts";
import { ROOT } from "./config.ts";

setDefaultTimeout(60_000);

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A folder as STATE_DIR, with this environment file. */
function stateFolder(lines: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), "environment-file-"));
  folders.push(folder);
  writeFileSync(join(folder, ".env"), `${lines.join("\n")}\n`);
  return folder;
}

/** No registry listens there. */
const NOWHERE = "http://127.0.0.1:1/";

/** Loads the file under Deno, whose cache is empty, and returns the variables of these names. */
async function load(
  names: string[],
  environment: { STATE_DIR: string; JSR_URL: string } & Record<string, string>,
) {
  const program = Bun.spawn([join(ROOT, "node_modules/deno/deno"), "run", "-A", "-"], {
    cwd: ROOT,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NO_COLOR: "1",
      DENO_DIR: join(environment.STATE_DIR, "deno"),
      ...environment,
    },
    stdin: new Blob([
      `import { loadEnvironmentFile } from "./scripts/lib/environment-file.ts";
       await loadEnvironmentFile().catch((error) => { console.error(error.message); Deno.exit(1); });
       console.log(JSON.stringify(${JSON.stringify(names)}.map((name) => Deno.env.get(name) ?? null)));`,
    ]),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [exitCode, stdout, stderr] = await Promise.all([
    program.exited,
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  return { exitCode, values: stdout === "" ? undefined : JSON.parse(stdout), stderr };
}

test("loadEnvironmentFile() loads the file with @std/dotenv, and leaves what is set", async () => {
  await using registry = startRegistry();
  const STATE_DIR = stateFolder(["HOST=db", 'URL="a b"', "WHOLE=http://$HOST/", "KAFKA_PORT=1"]);
  const environment = { STATE_DIR, JSR_URL: registry.url, KAFKA_PORT: "2" };
  expect((await load(["HOST", "URL", "WHOLE", "KAFKA_PORT"], environment)).values).toEqual([
    // Node's own parser would leave the name of the variable.
    ...["db", "a b", "http://db/", "2"],
  ]);
  expect(registry.asked).toContain("/@std/dotenv/0.225.8/parse.ts");
  // From now on Deno's cache has the package.
  const away = { ...environment, JSR_URL: registry.url };
  await registry[Symbol.asyncDispose]();
  expect((await load(["WHOLE"], away)).values).toEqual(["http://db/"]);
});

test("loadEnvironmentFile() reads the file without @std/dotenv where Deno cannot get it", async () => {
  const STATE_DIR = stateFolder(["POSTGRES_PASSWORD=a-b_c=", "KAFKA_PORT=1 # ours", "X='y z'"]);
  const environment = { STATE_DIR, JSR_URL: NOWHERE, KAFKA_PORT: "2" };
  expect((await load(["POSTGRES_PASSWORD", "KAFKA_PORT", "X"], environment)).values).toEqual([
    ...["a-b_c=", "2", "y z"],
  ]);
});

test("loadEnvironmentFile() refuses what only @std/dotenv reads right, and names --env-file", async () => {
  const STATE_DIR = stateFolder(["HOST=db", "WHOLE=http://$HOST/"]);
  const { exitCode, stderr } = await load([], { STATE_DIR, JSR_URL: NOWHERE });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(`Cannot load ${STATE_DIR}/.env: WHOLE refers to another variable`);
  expect(stderr).toContain(`\`deno run --env-file=${STATE_DIR}/.env\``);
  // Deno has read the file when it was started with that flag.
  const given = { STATE_DIR, JSR_URL: NOWHERE, HOST: "db", WHOLE: "http://db/" };
  expect((await load(["WHOLE"], given)).values).toEqual(["http://db/"]);
});
