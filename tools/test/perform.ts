/** Runs one step to its end, and counts what passed. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import { attempt, type Ended } from "../process.ts";
import { parseReport, type Report } from "./report.ts";
import type { Step } from "./step.ts";

/** A step that hangs must not take all of CI's time. */
const MS_MAX = 20 * 60_000;

export interface Result extends Report {
  name: string;
  /** The reason why it proved nothing here: the step's last words. */
  notRun?: string;
  /** The step's output, when it is worth a look. */
  output: string;
  seconds: number;
}

/** `folder` is where the step keeps its temporary files. */
export async function perform(step: Step, folder: string): Promise<Result> {
  const { name, command, isTestFile } = step;
  const file = join(folder, name.replaceAll(/\W+/g, "-"));
  const report = ["--reporter=junit", `--reporter-outfile=${file}.xml`];
  const startedAt = performance.now();
  const ended = await attempt([...command, ...(isTestFile ? report : [])], {
    environment: { TMPDIR: folder, ...step.environment },
    folder: join(ROOT, step.folder ?? ""),
    log: `${file}.log`,
    msMax: step.msMax ?? MS_MAX,
  });
  const seconds = (performance.now() - startedAt) / 1_000;
  const written = readFileSync(`${file}.log`, "utf8");
  if (step.notRunStatus !== undefined && ended.exitCode === step.notRunStatus) {
    const notRun = written.trim().split("\n").at(-1) ?? "";
    return { name, passed: 0, failures: [], notRun, output: "", seconds };
  }
  const counted = isTestFile ? countTests(step, ended, `${file}.xml`) : countOne(step, ended);
  const isWorthALook = counted.failures.length > 0 || isTestFile || step.notRunStatus !== undefined;
  return { name, ...counted, output: isWorthALook ? written : "", seconds };
}

const countOne = ({ name }: Step, ended: Ended): Report =>
  ended.exitCode === 0
    ? { passed: 1, failures: [] }
    : { passed: 0, failures: [{ test: name, reason: endingOf(ended) }] };

/** A file that could not even be loaded, or an error between tests, is a failure of its own. */
function countTests(step: Step, ended: Ended, path: string): Report {
  // There is none where the tests ended before they could report.
  const counted = existsSync(path)
    ? parseReport(readFileSync(path, "utf8"))
    : { passed: 0, failures: [] };
  if (counted.failures.length > 0) return counted;
  return { ...counted, failures: countOne(step, ended).failures };
}

const endingOf = ({ signal, exitCode }: Ended) =>
  signal ? `It was ended by ${signal}` : `It ended with status ${exitCode}`;
