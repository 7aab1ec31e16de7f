/**
 * Talks to supervisord over its unix socket, in the XML-RPC that supervisord speaks. It keeps the
 * processes alive and their logs bounded; whether a service works is asked of the service itself.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  makePrivateFolder,
  makeSocketFolder,
  opsPython,
  runFile,
  supervisorSocket,
} from "../../host/folders.ts";
import type { ProcessInfo } from "../../host/process-info.ts";
import { isAlive } from "../../host/process-tree.ts";
import { type Config, ROOT } from "../../lib/config.ts";
import { until } from "../../lib/wait.ts";

/** Longer than the longest `stopwaitsecs` of supervisord.conf. */
const STOP_MS_MAX = 180_000;

/** Starts supervisord with the given environment, detached, and waits until it answers. */
export async function startSupervisor(
  config: Config,
  environment: Record<string, string>,
): Promise<void> {
  makePrivateFolder(dirname(runFile(config, "any")));
  makePrivateFolder(join(config.STATE_DIR, "log"));
  makeSocketFolder(config);
  const started = Bun.spawnSync(
    [opsPython(config), "-m", "supervisor.supervisord", "-c", join(ROOT, "supervisord.conf")],
    {
      cwd: ROOT,
      env: { ...environment, SUPERVISOR_SOCKET: supervisorSocket(config) },
      stdout: "pipe",
      stderr: "pipe",
    },
  );
  if (started.exitCode !== 0) {
    const reason = `${started.stderr}${started.stdout}`.trim();
    throw new Error(`Cannot start supervisord: ${reason}`);
  }
  await until("supervisord answers", 15_000, () => call(config, "supervisor.getState"));
}

/** The process id of this state folder's supervisord, or nothing when none answers. */
export async function supervisorProcess(config: Config): Promise<number | undefined> {
  try {
    const [id] = numbers(await call(config, "supervisor.getPID"));
    return id;
  } catch {
    return undefined;
  }
}

export async function listProcesses(config: Config): Promise<ProcessInfo[]> {
  const answer = await call(config, "supervisor.getAllProcessInfo");
  return [...answer.matchAll(/<struct>([\s\S]*?)<\/struct>/g)].map(([, struct = ""]) => {
    const field = (name: string) =>
      new RegExp(`<name>${name}</name>\\s*<value><\\w+>([^<]*)<`).exec(struct)?.[1] ?? "";
    return {
      name: field("name"),
      group: field("group"),
      state: field("statename"),
      processId: Number(field("pid")),
      startedAtSeconds: Number(field("start")),
      reason: field("spawnerr"),
    };
  });
}

/** Starts those programs of a group that do not run, without waiting for anything. */
export async function startGroup(config: Config, name: string): Promise<void> {
  await call(config, "supervisor.startProcessGroup", name, false);
}

/** Stops a program of a group and waits until its process has ended. */
export async function stopProcess(config: Config, group: string, name: string): Promise<void> {
  await call(config, "supervisor.stopProcess", `${group}:${name}`, true);
}

/** Ends supervisord, and with it every program that still runs, and waits for that. */
export async function stopSupervisor(config: Config): Promise<void> {
  const processId = await supervisorProcess(config);
  if (processId === undefined) return;
  await call(config, "supervisor.shutdown");
  await until("supervisord ends", STOP_MS_MAX, async () => {
    if (isAlive(processId)) throw new Error(`process ${processId} still runs`);
  });
}

/** The process id that supervisord left behind, for one that was killed. */
export function recordedProcess(config: Config): number | undefined {
  try {
    return Number(readFileSync(runFile(config, "supervisord.pid"), "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

async function call(config: Config, method: string, ...parameters: (string | boolean)[]) {
  const values = parameters.map((value) =>
    typeof value === "string" ? `<string>${value}</string>` : `<boolean>${value ? 1 : 0}</boolean>`,
  );
  const response = await fetch("http://supervisor/RPC2", {
    unix: supervisorSocket(config),
    method: "POST",
    headers: { "content-type": "text/xml", connection: "close" },
    body: `<?xml version="1.0"?><methodCall><methodName>${method}</methodName><params>${values
      .map((value) => `<param><value>${value}</value></param>`)
      .join("")}</params></methodCall>`,
    signal: AbortSignal.timeout(STOP_MS_MAX),
  });
  const answer = await response.text();
  const fault = /<name>faultString<\/name>\s*<value><string>([^<]*)</.exec(answer)?.[1];
  if (fault !== undefined || !response.ok) {
    throw new Error(`Cannot run ${method}(${parameters}): ${fault ?? response.status}`);
  }
  return answer;
}

const numbers = (answer: string) =>
  [...answer.matchAll(/<int>(\d+)<\/int>/g)].map(([, digits]) => Number(digits));
