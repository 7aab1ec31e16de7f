/**
 * The archives with which Kafka and Trino start fast. A stack makes them in the background, for which
 * that of a test ends too soon.
 */
import { join } from "node:path";
import { KAFKA } from "../../kafka/install.ts";
import { ROOT } from "../../scripts/lib/config.ts";
import { TRINO } from "../../trino/install.ts";
import type { Step } from "./step.ts";

/** `folder` is where their scratch programs keep data. */
export const archives = (folder: string): Step[] =>
  [KAFKA, TRINO].map((runtime) => ({
    name: `fast start of ${runtime.title}`,
    command: [process.execPath, "--no-env-file", join(ROOT, runtime.name, "train-archive.ts")],
    environment: { STATE_DIR: join(folder, runtime.name) },
    needs: [runtime],
  }));
