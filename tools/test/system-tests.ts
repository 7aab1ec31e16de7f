/** The system tests: steps of one file or a few of `tests/`, with what each step needs of the machine. */
import { Glob } from "bun";
import { AIRFLOW } from "../../airflow/install.ts";
import { DBT } from "../../dbt/install.ts";
import { KAFKA } from "../../kafka/install.ts";
import { POSTGRES } from "../../postgres/install.ts";
import { ROOT } from "../../scripts/lib/config.ts";
import { SUPERSET } from "../../superset/install.ts";
import { TRINO } from "../../trino/install.ts";
import { NOT_RUN } from "../container/cannot-prove.ts";
import { bunTest, type Step } from "./step.ts";

interface Part extends Pick<Step, "cores" | "needs" | "notRunStatus"> {
  /** Several run in one process, in this order, on a stack that they share. */
  files: string[];
  /** How long it takes alone. */
  seconds: number;
}

/** What a file takes that has no line below. Two such files leave room for one that mostly waits. */
const USUAL = { seconds: 30, cores: 0.9 };

/** Measured on two cores. */
const parts: Part[] = [
  {
    files: ["public-dashboard", "dashboard", "superset-assets"],
    seconds: 300,
    needs: [TRINO, SUPERSET, DBT],
  },
  { files: ["airflow"], seconds: 240, cores: 0.8, needs: [AIRFLOW, DBT] },
  { files: ["whole-stack"], seconds: 200, needs: [AIRFLOW, TRINO, SUPERSET, DBT] },
  { files: ["transform"], seconds: 120, needs: [DBT] },
  { files: ["transform-checks"], seconds: 100, needs: [DBT] },
  { files: ["elsewhere"], seconds: 150, needs: [AIRFLOW, TRINO, SUPERSET, DBT] },
  { files: ["faults"], seconds: 150, cores: 1.1 },
  { files: ["brokers"], seconds: 190, cores: 1 },
  { files: ["trino"], seconds: 110, needs: [TRINO, DBT] },
  { files: ["behind-proxy"], seconds: 100, needs: [TRINO, SUPERSET, DBT] },
  { files: ["fence", "ledger", "pipeline"], seconds: 100 },
  { files: ["page"], seconds: 100 },
  { files: ["log-gaps", "moments"], seconds: 100, cores: 0.6 },
  { files: ["published"], seconds: 100, cores: 0.5 },
  { files: ["stack"], seconds: 100 },
  { files: ["trino-nodes"], seconds: 220, cores: 0.7, needs: [TRINO] },
  { files: ["secured"], seconds: 100, cores: 0.2 },
  { files: ["horizon"], seconds: 120 },
  { files: ["retract"], seconds: 110 },
  { files: ["interruptions"], seconds: 80, cores: 0.2 },
  { files: ["trino-secured"], seconds: 70, needs: [TRINO] },
  { files: ["produce"], seconds: 60, cores: 0.6 },
  { files: ["summary"], seconds: 60, cores: 0.5, needs: [DBT] },
  { files: ["outages"], seconds: 70 },
  { files: ["health"], seconds: 150, cores: 0.5 },
  { files: ["patience"], seconds: 150, cores: 0.3 },
  { files: ["disk-full"], seconds: 110, notRunStatus: NOT_RUN },
  { files: ["worker-outage"], seconds: 70 },
  { files: ["old-copies"], seconds: 230, cores: 0.6 },
  { files: ["recreated"], seconds: 85, cores: 0.3 },
  { files: ["tunnel"], seconds: 40, cores: 0.3 },
  { files: ["worker-deploy"], seconds: 40, cores: 0.5 },
];

/** Every file may use these. */
const PLATFORM = [KAFKA, POSTGRES];

/** Only of files whose name holds the text. The longest come first, so that none is left alone at the end. */
export function systemTests(only = ""): Step[] {
  const files = [...new Glob("tests/*.test.ts").scanSync(ROOT)].map(nameOf);
  const listed = new Set(parts.flatMap((part) => part.files));
  const others = files.filter((file) => !listed.has(file)).sort();
  return [...parts, ...others.map((file): Part => ({ files: [file], ...USUAL }))]
    .map((part) => ({ ...part, files: part.files.filter((file) => pathOf(file).includes(only)) }))
    .filter((part) => part.files.length > 0)
    .toSorted((one, other) => other.seconds - one.seconds)
    .map(({ files, cores = USUAL.cores, needs = [], notRunStatus }) => ({
      name: nameOfStep(files),
      command: bunTest(...files.map(pathOf)),
      isTestFile: true,
      ...(notRunStatus !== undefined && { notRunStatus }),
      cores,
      needs: [...PLATFORM, ...needs],
    }));
}

const pathOf = (file: string) => `tests/${file}.test.ts`;

const nameOf = (path: string) => /([^/]+)\.test\.ts$/.exec(path)![1]!;

const nameOfStep = (files: string[]) =>
  files.length === 1 ? pathOf(files[0]!) : `tests/{${files.join(",")}}.test.ts`;
