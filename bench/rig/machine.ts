/** The machine and the versions: everything that a reader needs to judge the figures. */
import { readFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import type { Sql } from "../../scripts/lib/postgres.ts";

export interface Machine {
  date: string;
  commit: string;
  cpu: string;
  cores: number;
  memoryGib: number;
  kernel: string;
  filesystem: string;
  bun: string;
  loadAverage: number[];
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    commit: output("git", "rev-parse", "--short", "HEAD"),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    filesystem: output("stat", "--file-system", "--format=%T", tmpdir()),
    bun: Bun.version,
    loadAverage: loadavg().map((load) => Number(load.toFixed(2))),
  };
}

/** Versions of the measured services. */
export async function describeServices(owner: Sql): Promise<{ kafka: string; postgres: string }> {
  const [row] = await owner`select current_setting('server_version') as version`;
  return { kafka: kafkaVersion(), postgres: row?.version };
}

function kafkaVersion(): string {
  const lock = readFileSync(join(ROOT, "kafka/libs.lock"), "utf8");
  return /^org\.apache\.kafka:kafka_[\d.]+:(\S+)/m.exec(lock)?.[1] ?? "unknown";
}

const output = (...command: string[]) =>
  Bun.spawnSync(command, { cwd: ROOT }).stdout.toString().trim();
