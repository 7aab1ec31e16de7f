#!/usr/bin/env bun
/**
 * `bun run platforms`: says for each kind of machine which pinned artefacts there are none of, so
 * that what cannot be run here is at least known to be there. Asks the Python index; by hand.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineCommand } from "citty";
import { OPS_LOCK, pythonLock } from "../scripts/host/folders.ts";
import { type Config, ROOT, readConfig } from "../scripts/lib/config.ts";
import { runProgram } from "../scripts/lib/program.ts";
import { install } from "../scripts/stack/install/install.ts";
import { missingLibraries, nativeLibraries } from "./platforms/jars.ts";
import { missingNpmParts } from "./platforms/npm.ts";
import { type Platform, platforms } from "./platforms/platform.ts";
import { missingWheels } from "./platforms/python.ts";

const PYTHON_LOCKS = [
  OPS_LOCK,
  ...(["dbt", "airflow", "superset", "lint"] as const).map(pythonLock),
];

const command = defineCommand({
  meta: {
    name: "platforms",
    description: `Shows which pinned artefacts are missing for which kind of machine. A Python package of which
there is only the source installs where a compiler is, or where what its build downloads is reached.`,
  },
  async run() {
    const config = readConfig();
    await install(config, ["kafka", "trino"]);
    const libraries = nativeLibraries(config);
    const lock = readFileSync(join(ROOT, "bun.lock"), "utf8");
    // What is there as source only even for this one needs no compiler: it installs here.
    const [first] = platforms;
    const asSource = sourceOnly(config, first!);
    for (const platform of platforms) {
      const missing = [
        ...missingNpmParts(lock, platform),
        ...missingLibraries(libraries, platform),
        ...(platform === first ? [] : sourceOnly(config, platform)).filter(
          (name) => !asSource.includes(name),
        ),
      ];
      console.log(`${platform.name.padEnd(14)}${missing.join(", ") || "everything is there"}`);
      if (missing.length > 0) process.exitCode = 1;
    }
  },
});

/** `lock: package` of each Python package without a wheel. */
function sourceOnly(config: Config, platform: Platform): string[] {
  return PYTHON_LOCKS.flatMap((lock) =>
    missingWheels(config, platform, lock).map((name) => `${name} (${lock.slice(ROOT.length + 1)})`),
  );
}

await runProgram(command);
