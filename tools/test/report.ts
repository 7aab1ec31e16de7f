/** Reads the JUnit report of `bun test`: how many tests passed, which failed, and why. */
import { XMLParser } from "fast-xml-parser";

interface Failure {
  /** The test with what it is described under, such as `tests/fence.test.ts > x() does y when z`. */
  test: string;
  /** In the words of the test, with where in the file it is; may have several lines. */
  reason: string;
}

export interface Report {
  passed: number;
  failures: Failure[];
}

interface Case {
  name: string;
  failure?: Reason;
  error?: Reason;
  skipped?: unknown;
}
type Reason = string | { "#text"?: string; message?: string };

interface Suite {
  name: string;
  testsuite?: Suite[];
  testcase?: Case[];
}

const parser = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  htmlEntities: true,
  parseTagValue: false,
  isArray: (name) => ["testsuite", "testcase"].includes(name),
});

/** A skipped test proves nothing and counts as failed. */
export function parseReport(text: string): Report {
  const suites: Suite[] = parser.parse(text).testsuites?.testsuite ?? [];
  const report: Report = { passed: 0, failures: [] };
  const walk = (suite: Suite, above: string[]) => {
    const path = [...above, suite.name];
    for (const one of suite.testcase ?? []) {
      const reason = reasonOf(one);
      if (reason === undefined) report.passed++;
      else report.failures.push({ test: [...path, one.name].join(" > "), reason });
    }
    for (const inner of suite.testsuite ?? []) walk(inner, path);
  };
  for (const suite of suites) walk(suite, []);
  return report;
}

function reasonOf({ failure, error, skipped }: Case): string | undefined {
  if (skipped !== undefined) return "it was skipped";
  const reason = failure ?? error;
  if (reason === undefined) return undefined;
  const text = typeof reason === "string" ? reason : (reason["#text"] ?? reason.message ?? "");
  return text.trim() || "no reason was given";
}
