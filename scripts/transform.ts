/** `bun run transform`: runs dbt by hand, with the very command that Airflow's tasks run. */
import { join } from "node:path";
import { inheritedEnvironment } from "./host/environment.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { ROOT } from "./lib/config.ts";
import { argument, choice, DURATION_MS, flag, toggle } from "./lib/flags.ts";

const command = defineCommand({
  name: "transform",
  flags: {
    action: argument(
      choice(["settle", "refresh", "check", "docs", "prune"]),
      "What to do",
      "settle",
    ),
    wait: flag(DURATION_MS, "How long to wait for another run", "15m"),
    "accept-falls": toggle("refresh: settle also counts that have fallen, once you know why"),
  },
  notes: {
    ACTIONS: `
settle     settle what changed since the last run, if the tests hold; the first run, and the first
           one with other models, deploys all models before
refresh    deploy all models and recount every user
check      test all data and the age of the sources; write documentation and lineage
docs       write the documentation with lineage: one HTML file
prune      delete runs, logs and lineage older than AIRFLOW_RETENTION_DAYS`,
  },
  examples: [
    ["bun run transform", "settle, as Airflow does by TRANSFORM_SCHEDULE"],
    ["bun run transform refresh", "after a change of the models"],
  ],
  exits: { 0: "done", 1: "failed" },
  async run({ flags: { action, wait: waitMs, "accept-falls": acceptsFalls } }) {
    const words = [action, "--wait", String(Math.ceil(waitMs / 1_000))];
    if (acceptsFalls) words.push("--accept-falls");
    const program = Bun.spawn([join(ROOT, "dbt/run"), ...words], {
      env: inheritedEnvironment(),
      stdio: ["inherit", "inherit", "inherit"],
    });
    // Ctrl-C on a terminal reaches dbt too; this process only has to outlive it.
    process.on("SIGINT", () => {});
    process.on("SIGTERM", () => program.kill("SIGTERM"));
    process.exitCode = await program.exited;
  },
});

await runCommand(command);
