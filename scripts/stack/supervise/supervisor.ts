/**
 * Talks to supervisord over its unix socket, in XML-RPC. supervisord keeps the processes alive and
 * their logs bounded; the service itself is asked whether it works.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  logFile,
  makePrivateFolder,
  makeSocketFolder,
  opsPython,
  runFile,
  supervisorSocket,
} from "../../host/folders.ts";
import { isAlive } from "../../host/process-tree.ts";
import type { ProcessInfo } from "../../host/service.ts";
import { type Config, ROOT } from "../../lib/config.ts";
import { until } from "../../lib/wait.ts";
import { services } from "../services.ts";
import { supervisorConf } from "./supervisor-conf.ts";
import { methodCall, methodResponse, type XmlValue } from "./xml-rpc.ts";

/** Longer than any program may take to end. */
const STOP_MS_MAX = 180_000;

/** Starts supervisord with the given environment, detached, and waits until it answers. */
export async function startSupervisor(
  config: Config,
  environment: Record<string, string>,
): Promise<void> {
  makePrivateFolder(dirname(runFile(config, "any")));
  makePrivateFolder(join(config.STATE_DIR, "log"));
  makeSocketFolder(config);
  const conf = runFile(config, "supervisord.conf");
  writeFileSync(conf, supervisorConf(services));
  const started = Bun.spawnSync([opsPython(config), "-m", "supervisor.supervisord", "-c", conf], {
    cwd: ROOT,
    env: { ...environment, SUPERVISOR_SOCKET: supervisorSocket(config) },
    stdout: "pipe",
    stderr: "pipe",
  });
  if (started.exitCode !== 0) {
    const reason = `${started.stderr}${started.stdout}`.trim();
    throw new Error(`Cannot start supervisord: ${reason}`);
  }
  await until("supervisord answers", 15_000, () => call(config, "supervisor.getState"));
}

/** The process id of this state folder's supervisord, or undefined when none answers. */
export async function supervisorProcess(config: Config): Promise<number | undefined> {
  try {
    return Number(await call(config, "supervisor.getPID"));
  } catch {
    return undefined;
  }
}

const processSchema = z
  .object({
    name: z.string(),
    group: z.string(),
    statename: z.string(),
    pid: z.number(),
    start: z.number(),
    spawnerr: z.string(),
  })
  .transform(
    ({ name, group, statename, pid, start, spawnerr }): ProcessInfo => ({
      ...{ name, group, state: statename, processId: pid },
      ...{ startedAtSeconds: start, reason: spawnerr },
    }),
  );

export async function listProcesses(config: Config): Promise<ProcessInfo[]> {
  return z.array(processSchema).parse(await call(config, "supervisor.getAllProcessInfo"));
}

/** supervisord's recent log lines about programs that it started and that ended. */
export function supervisorLog(config: Config): string {
  const path = logFile(config, "supervisord");
  return [`${path}.1`, path]
    .filter((each) => existsSync(each))
    .map((each) => readFileSync(each, "utf8"))
    .join("");
}

/** Starts those programs of a group that do not run, without waiting for anything. */
export async function startGroup(config: Config, name: string): Promise<void> {
  await call(config, "supervisor.startProcessGroup", name, false);
}

/**
 * Stops a program of a group and waits until its process has ended. The wait is here, since
 * supervisord 4 keeps a whole core busy while one of its clients waits for a stop.
 */
export async function stopProcess(config: Config, group: string, name: string): Promise<void> {
  await call(config, "supervisor.stopProcess", `${group}:${name}`, false);
  await until(`${name} has stopped`, STOP_MS_MAX, async () => {
    const processes = await listProcesses(config);
    const program = processes.find((each) => each.group === group && each.name === name);
    if (program?.state === "STOPPING") throw new Error("it still runs");
  });
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

/** The process id that a killed supervisord left behind. */
export function recordedProcess(config: Config): number | undefined {
  try {
    return Number(readFileSync(runFile(config, "supervisord.pid"), "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

async function call(
  config: Config,
  method: string,
  ...parameters: (string | boolean)[]
): Promise<XmlValue> {
  const response = await fetch("http://supervisor/RPC2", {
    unix: supervisorSocket(config),
    method: "POST",
    headers: { "content-type": "text/xml", connection: "close" },
    body: methodCall(method, parameters),
    signal: AbortSignal.timeout(STOP_MS_MAX),
  });
  const failure = (reason: string | number) =>
    new Error(`Cannot run ${method}(${parameters}): ${reason}`);
  if (!response.ok) throw failure(response.status);
  const answer = methodResponse(await response.text());
  if ("fault" in answer) throw failure(answer.fault);
  return answer.value;
}
