#!/usr/bin/env bun
/** `bun run transform`: runs dbt by hand, with the very command that Airflow's tasks run. */
import { join } from "node:path";
import { inheritedEnvironment } from "./host/environment.ts";
import { ROOT } from "./lib/config.ts";

const program = Bun.spawn([join(ROOT, "dbt/run"), ...process.argv.slice(2)], {
  env: inheritedEnvironment(),
  stdio: ["inherit", "inherit", "inherit"],
});
// Ctrl-C on a terminal reaches it by itself; here this process only has to outlive it.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => program.kill("SIGTERM"));
process.exitCode = await program.exited;
