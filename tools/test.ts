#!/usr/bin/env bun
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Glob } from "bun";
import { type ArgsDef, defineCommand } from "citty";
import { ROOT, readConfig } from "../scripts/lib/config.ts";
/**
 * `bun run test` and `bun run check`: every proof of the project, in the order from seconds to
 * minutes, with one line at the end that counts them all. Goes on after a failure, so that one run
 * shows everything that is wrong.
 */
import { UsageError } from "../scripts/lib/errors.ts";
import { runProgram } from "../scripts/lib/program.ts";
import { install } from "../scripts/stack/install/install.ts";
import { operatingFileChecks } from "./test/operating-files.ts";
import { pythonChecks } from "./test/python.ts";
import { parseReport, type Report } from "./test/report.ts";
import { type Step, script, tool } from "./test/step.ts";

/** Of a reason at the end; the whole one stands where the step ran. */
const REASON_LINES_MAX = 8;
const LINE_LENGTH_MAX = 300;

const bin = (name: string) => [process.execPath, join(ROOT, "node_modules/.bin", name)];

/** What needs no services: types, style, unused code, and the tests beside the code. */
const checks: Step[] = [
  { name: "types", command: [...bin("tsc"), "--noEmit"] },
  { name: "types of the Worker", command: [...bin("tsc"), "--noEmit", "--project", "worker"] },
  {
    name: "types of the page",
    command: [...bin("tsc"), "--noEmit", "--project", "worker/browser"],
  },
  { name: "types of the Worker's bindings", command: tool("worker-types.ts", "--check") },
  { name: "deployment of the Worker", command: script("worker-deploy.ts", "--dry-run") },
  { name: "style and import walls", command: [...bin("biome"), "check", "--error-on-warnings"] },
  { name: "unused files, exports, packages", command: [...bin("knip"), "--no-progress"] },
  {
    name: "unit and property tests",
    command: bunTest(
      "./schema",
      "./scripts",
      "./tools",
      "./worker",
      "./airflow",
      "./kafka",
      "./postgres",
      "./superset",
      "./trino",
    ),
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
    const total: Report = { passed: 0, failures: [] };
    for (const [index, step] of steps.entries()) {
      console.log(`\n── ${step.name}`);
      const { passed, failures } = await perform(step, join(reports, `${index}.xml`));
      total.passed += passed;
      total.failures.push(...failures);
    }
    rmSync(reports, { recursive: true });
    // At the end, where whoever sees only the end of a long log finds it.
    for (const { test, reason } of total.failures) {
      console.log(`\nfailed  ${test}`);
      for (const line of reason.split("\n").slice(0, REASON_LINES_MAX))
        console.log(`        ${line.slice(0, LINE_LENGTH_MAX)}`);
    }
    console.log(`\n${total.passed} passed, ${total.failures.length} failed`);
    if (total.failures.length > 0) process.exitCode = 1;
  },
});

async function perform(
  { name, command, isTestFile, folder = "", environment = {} }: Step,
  reportPath: string,
): Promise<Report> {
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
  const ending: Report =
    exitCode === 0
      ? { passed: 1, failures: [] }
      : { passed: 0, failures: [{ test: name, reason: endingOf(program, exitCode) }] };
  if (!isTestFile) return ending;
  const counted = readReport(reportPath);
  // A file that could not even be loaded, or an error between tests, is a failure of its own.
  if (counted.failures.length > 0) return counted;
  return { ...counted, failures: ending.failures };
}

const endingOf = ({ signalCode }: Bun.Subprocess, exitCode: number) =>
  signalCode ? `It was ended by ${signalCode}` : `It ended with status ${exitCode}`;

/** Nothing, where the tests ended before they could report. */
function readReport(path: string): Report {
  return existsSync(path) ? parseReport(readFileSync(path, "utf8")) : { passed: 0, failures: [] };
}

await runProgram(command);
