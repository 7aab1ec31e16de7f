/**
 * Serves a built Worker on this machine in workerd, the runtime that Cloudflare runs, as wrangler.jsonc
 * describes it. What it keeps lies in a folder and is there again after a restart.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { until } from "../lib/wait.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const READY_MS_MAX = 30_000;
const ANSWER_MS_MAX = 5_000;
/** Wakes the Worker; there is no such path in Cloudflare's network. */
const CRON_PATH = "/cdn-cgi/local/scheduled";

/**
 * What a request leaves behind is only freed by a full collection, which the runtime here puts off
 * until it has 700 MB of it. With one each time it stays below 200 MB and is a seventh slower.
 */
const RUNTIME_FLAGS = "--gc-global";

export interface ServeOptions {
  /** Where `build.ts` has built it. */
  folder: string;
  /** What it keeps. */
  stateFolder: string;
  port: number;
  bindings: Record<string, string>;
  /** Counts the requests of each client as in production; costs most of the speed here. */
  limitsClients?: boolean;
  /** Takes what the Worker writes to its log. */
  onLog(line: string): void;
}

export interface ServedWorker {
  url: string;
  /** Waits until it answers; after a crash the runtime is started again by itself. */
  answers(): Promise<void>;
  /** Does what Cloudflare's clock does once a minute. */
  wake(): Promise<void>;
  /** Goes on with another build, and with what was kept. */
  replace(folder: string): Promise<void>;
  stop(): Promise<void>;
}

/** @throws Error when the port is taken, before anything else is done */
export async function assertPortIsFree(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening").catch(() => {
    throw taken(port);
  });
  await once(server.close(), "close");
}

const taken = (port: number) =>
  new Error(`Cannot serve the Worker: port ${port} is in use; set WORKER_PORT to another`);

/** @throws Error when the port is taken or the runtime does not start */
export async function serveWorker(options: ServeOptions): Promise<ServedWorker> {
  process.env.MINIFLARE_WORKERD_V8_FLAGS = RUNTIME_FLAGS;
  const miniflare = leavingSignals(() => new Miniflare(runtimeOptions(options)));
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose().catch(() => {});
    throw (error as { code?: string }).code === "ERR_ADDRESS_IN_USE" ? taken(options.port) : error;
  }
  const url = `http://127.0.0.1:${options.port}`;
  const answers = () =>
    until("the Worker answers", READY_MS_MAX, async () => {
      const signal = AbortSignal.timeout(ANSWER_MS_MAX);
      const response = await fetch(`${url}/healthz`, { signal });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
    });
  await answers();
  return {
    url,
    answers,
    wake: async () => {
      const response = await fetch(url + CRON_PATH);
      if (!response.ok) throw new Error(`Cannot wake the Worker: it answers ${response.status}`);
    },
    replace: (folder) => miniflare.setOptions(runtimeOptions({ ...options, folder })),
    stop: () => miniflare.dispose(),
  };
}

/** Takes away the handlers by which Miniflare would end the program before it has stopped cleanly. */
function leavingSignals<Result>(create: () => Result): Result {
  const handlers = () => SIGNALS.map((signal) => process.listeners(signal));
  const before = handlers().flat();
  const result = create();
  for (const [index, added] of handlers().entries()) {
    for (const handler of added.filter((candidate) => !before.includes(candidate))) {
      process.off(SIGNALS[index]!, handler);
    }
  }
  return result;
}

function runtimeOptions({ folder, stateFolder, port, bindings, onLog, ...rest }: ServeOptions) {
  const worker = JSON.parse(readFileSync(join(folder, "options.json"), "utf8"));
  const built = join(folder, "worker");
  return convertV4MiniflareOptions({
    host: "127.0.0.1",
    port,
    rootPath: folder,
    cf: false,
    log: new Log(LogLevel.WARN),
    telemetry: { enabled: false },
    unsafeTriggerHandlers: true,
    handleStructuredLogs: ({ level, message }) => onLog(`${level} ${message}`),
    resourcePersistencePath: stateFolder,
    workers: [
      {
        ...worker,
        name: "worker",
        rootPath: folder,
        modulesRoot: built,
        modules: [{ type: "ESModule", path: join(built, "index.js") }],
        bindings: { ...worker.bindings, ...bindings },
        ...(!rest.limitsClients && { ratelimits: {} }),
      },
    ],
  });
}
