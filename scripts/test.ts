#!/usr/bin/env bun
/**
 * `bun run test` and `bun run check`: every proof of the project, in the order from seconds to
 * minutes, with one line at the end that counts them all. Goes on after a failure, so that one run
 * shows everything that is wrong.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { type ArgsDef, defineCommand } from "citty";
import { ROOT, readConfig } from "./lib/config.ts";
import { runProgram, UsageError } from "./lib/program.ts";
import { install } from "./stack/install.ts";
import { operatingFileChecks } from "./test/operating-files.ts";
import { pythonChecks } from "./test/python.ts";
import { type Step, script } from "./test/step.ts";

interface Tally {
  passed: number;
  failed: number;
}

const bin = (name: string) => [process.execPath, join(ROOT, "node_modules/.bin", name)];

/** What needs no services: types, style, unused code, and the tests beside the code. */
const checks: Step[] = [
  { name: "types", command: [...bin("tsc"), "--noEmit"] },
  { name: "types of the Worker", command: [...bin("tsc"), "--noEmit", "--project", "worker"] },
  { name: "types of the page", command: [...bin("tsc"), "--noEmit", "--project", "worker/page"] },
  { name: "types of the Worker's bindings", command: script("worker-types.ts", "--check") },
  { name: "deployment of the Worker", command: script("worker-deploy.ts", "--dry-run") },
  { name: "style and import walls", command: [...bin("biome"), "check", "--error-on-warnings"] },
  { name: "unused files, exports, packages", command: [...bin("knip"), "--no-progress"] },
  {
    name: "unit and property tests",
    command: bunTest("./schema", "./scripts", "./worker"),
    isTestFile: true,
  },
];

/** The whole system on real services, one file after the other: they share two cores. */
const systemTests: Step[] = [...new Glob("tests/*.test.ts").scanSync(ROOT)]
  .sort()
  .map((file) => ({ name: file, command: bunTest(`./${file}`), isTestFile: true }));

function bunTest(...paths: string[]): string[] {
  // An environment file of the person who runs this must not reach the tests.
  return [process.execPath, "--no-env-file", "test", ...paths];
}

const args = {
  check: { type: "boolean", description: "Only what needs no services (bun run check)" },
  only: { type: "string", valueHint: "TEXT", description: "Only steps whose name holds the text" },
} satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "test",
    description: `Runs every proof of the project: types, style, unused code, unit and property tests, and the
system tests on a real Kafka, PostgreSQL and Airflow, which are fetched when they are missing.
The last line counts them all. Exit status: 0 all passed, 1 something failed.`,
  },
  args,
  async run({ args: given }) {
    const only = given.only ?? "";
    const config = readConfig();
    const reports = mkdtempSync(join(tmpdir(), "test-reports-"));
    const python = [...pythonChecks(config, join(reports, "dbt")), ...operatingFileChecks(config)];
    const steps = [...checks, ...python, ...(given.check ? [] : systemTests)].filter(({ name }) =>
      name.includes(only),
    );
    if (steps.length === 0) throw new UsageError(`Cannot run ${only}: no step has it in its name`);
    if (steps.some((step) => python.includes(step))) {
      await install(config, ["airflow", "dbt", "superset", "lint"]);
    }
    const total: Tally = { passed: 0, failed: 0 };
    for (const [index, step] of steps.entries()) {
      console.log(`\n── ${step.name}`);
      const { passed, failed } = await perform(step, join(reports, `${index}.xml`));
      total.passed += passed;
      total.failed += failed;
    }
    rmSync(reports, { recursive: true });
    console.log(`\n${total.passed} passed, ${total.failed} failed`);
    if (total.failed > 0) process.exitCode = 1;
  },
});

async function perform(
  { command, isTestFile, folder = "", environment = {} }: Step,
  reportPath: string,
): Promise<Tally> {
  const report = ["--reporter=junit", `--reporter-outfile=${reportPath}`];
  const program = Bun.spawn([...command, ...(isTestFile ? report : [])], {
    cwd: join(ROOT, folder),
    env: { ...process.env, ...environment },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const forward = (signal: NodeJS.Signals) => program.kill(signal);
  process.once("SIGINT", forward).once("SIGTERM", forward);
  const exitCode = await program.exited;
  process.off("SIGINT", forward).off("SIGTERM", forward);
  const own: Tally = exitCode === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
  if (!isTestFile) return own;
  const counted = readReport(reportPath);
  // A file that could not even be loaded, or an error between tests, is a failure of its own.
  return exitCode !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
}

/** Counts of a JUnit report; a skipped test proves nothing and counts as failed. */
function readReport(path: string): Tally {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return { passed: 0, failed: 0 };
  }
  const totals = /<testsuites[^>]*>/.exec(text)?.[0] ?? "";
  const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(totals)?.[1] ?? 0);
  const failed = count("failures") + count("errors") + count("skipped");
  return { passed: count("tests") - failed, failed };
}

await runProgram(command);
