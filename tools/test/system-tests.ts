/** The system tests, a step for each file of `tests/`, with what each needs of the machine. */
import { Glob } from "bun";
import { AIRFLOW } from "../../airflow/install.ts";
import { DBT } from "../../dbt/install.ts";
import { KAFKA } from "../../kafka/install.ts";
import { POSTGRES } from "../../postgres/install.ts";
import { ROOT } from "../../scripts/lib/config.ts";
import { bunTest, type Step } from "./step.ts";

interface SystemTest extends Step {
  /** How long it takes alone. */
  seconds: number;
}

/** A file that measures how fast something is: nothing runs beside it. */
const ALONE = Number.POSITIVE_INFINITY;

/** Every file may use these. */
const PLATFORM = [KAFKA, POSTGRES];

/** Measured on two cores. A file without a line here counts as one that is busy on one core for 30 s. */
const traits: Record<string, Pick<SystemTest, "seconds" | "cores" | "needs">> = {
  airflow: { seconds: 240, cores: 0.8, needs: [AIRFLOW, DBT] },
  page: { seconds: 100, cores: ALONE },
};

/** The longest first, so that none is left to run on its own at the end. */
export const systemTests: SystemTest[] = [...new Glob("tests/*.test.ts").scanSync(ROOT)]
  .map((file) => {
    const { needs = [], ...load } = traits[nameOf(file)] ?? { seconds: 30 };
    return {
      name: file,
      command: bunTest(file),
      isTestFile: true,
      ...load,
      needs: [...PLATFORM, ...needs],
    };
  })
  .sort((one, other) => other.seconds - one.seconds || one.name.localeCompare(other.name));

/** Names in the table that no file has, which a test expects to be none. */
export const strayTraits = (): string[] => {
  const names = systemTests.map(({ name }) => nameOf(name));
  return Object.keys(traits).filter((name) => !names.includes(name));
};

function nameOf(file: string): string {
  return /([^/]+)\.test\.ts$/.exec(file)![1]!;
}
