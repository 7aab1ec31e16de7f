/**
 * `bun run dbt:slim --base REF`: the effect of a pull request's models on a database with those of
 * another commit. Deploys the other commit's models on its own PostgreSQL and counts some events.
 * Then it builds and tests only what differs and everything that depends on it (`state:modified+`).
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DBT } from "../dbt/install.ts";
import { asEnvironment } from "../scripts/host/environment.ts";
import { install } from "../scripts/host/install.ts";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { UsageError } from "../scripts/lib/errors.ts";
import { flag, text } from "../scripts/lib/flags.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { DirectCounts } from "../tests/harness/direct-counts.ts";
import { type Environment, runOrThrow } from "../tests/harness/script.ts";
import { startStack } from "../tests/harness/stack.ts";
import { attempt, run } from "./process.ts";

const command = defineCommand({
  name: "dbt:slim",
  description: `Deploys the other commit's models on a PostgreSQL of its own, counts some events, then builds and
tests what differs and all that depends on it.`,
  flags: {
    base: flag(text("REF"), "The commit whose models the database has", "origin/main"),
  },
  exits: { 0: "built, or nothing differs", 1: "failed" },
  async run({ flags: { base } }) {
    const scratch = mkdtempSync(join(tmpdir(), "slim-build-"));
    try {
      const project = await checkOut(base, scratch);
      const stack = await startStack({ services: ["postgres"] });
      try {
        await install(stack.config, [DBT]);
        await runOrThrow(stack.settings, "scripts/migrate.ts", ["--only", "database"]);
        await countEvents(stack.config);
        await compare({ config: stack.config, environment: stack.settings, project, scratch });
      } finally {
        await stack.stop();
      }
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
});

/** The other commit's dbt project, or undefined when it has none. */
async function checkOut(ref: string, scratch: string): Promise<string | undefined> {
  const here = { folder: ROOT };
  const listed = await attempt(["git", "ls-tree", "--name-only", ref, "dbt/"], here);
  if (listed.exitCode !== 0) {
    throw new UsageError(`Cannot compare with ${ref}: ${listed.stderr.trim()}`);
  }
  if (listed.stdout === "") return undefined;
  const archive = join(scratch, "dbt.tar");
  await run(["git", "archive", `--output=${archive}`, ref, "dbt"], here);
  await run(["tar", "-x", "-C", scratch, "-f", archive]);
  return join(scratch, "dbt");
}

async function countEvents(config: Config): Promise<void> {
  const sql = connect(config, "owner");
  const counts = new DirectCounts(1);
  await counts.begin(sql);
  for (const partition of [0, 1, 2, 3]) await counts.add(sql, { events: 1_000, partition });
  await sql.end();
}

async function compare({ config, environment, project, scratch }: Comparison): Promise<void> {
  const dbt = (folder: string, name: string, words: string[], isShown = true) => {
    const target = join(scratch, name);
    mkdirSync(target, { recursive: true });
    const folders = ["--project-dir", folder, "--profiles-dir", folder];
    return attempt(
      [
        DBT.program(config, "dbt"),
        ...words,
        ...folders,
        "--target-path",
        target,
        "--log-path",
        target,
      ],
      { environment: { ...environment, ...asEnvironment(config) }, isShown },
    );
  };
  const build = async (what: string, ...call: Parameters<typeof dbt>) => {
    if ((await dbt(...call)).exitCode !== 0) throw new Error(`Cannot build ${what}`);
  };
  const own = join(ROOT, "dbt");
  const all = ["build", "--selector", "deploy", "--full-refresh"];
  if (project === undefined) {
    console.log("The other commit has no models: building all");
    return build("the models", own, "own", all);
  }
  await build("the models of the other commit", project, "base", all);
  const modified = ["--select", "state:modified+", "--state", join(scratch, "base")];
  // dbt calls it an error when nothing is selected; here it is a result.
  const lenient = ["--quiet", "--warn-error-options", '{"error":[]}', "ls", "--output", "name"];
  const listing = await dbt(own, "own", [...lenient, ...modified], false);
  if (listing.exitCode !== 0) {
    throw new Error(`Cannot list what differs: ${listing.stdout}${listing.stderr}`);
  }
  const names = listing.stdout.trim();
  if (names === "") {
    console.log("No model and no test differs");
    return;
  }
  console.log(`What differs, and what depends on it:\n${names}`);
  const what = "what differs on a database with the other commit's models";
  await build(what, own, "own", ["build", ...modified]);
}

interface Comparison {
  config: Config;
  environment: Environment;
  /** The manifest of the other commit. */
  project: string | undefined;
  scratch: string;
}

await runCommand(command);
