/**
 * Serves a built Worker on this machine in workerd, Cloudflare's runtime, as wrangler.jsonc describes
 * it. Its storage is a folder and outlives a restart.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from "miniflare";
import { until } from "../../scripts/lib/wait.ts";
import { localAddress } from "../../scripts/lib/web-address.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const READY_MS_MAX = 30_000;
const RESPONSE_MS_MAX = 5_000;
/** Runs the cron trigger. Only the local runtime has this path. */
const CRON_PATH = "/cdn-cgi/local/scheduled";

/**
 * Only a full garbage collection frees what a request leaves behind, and workerd postpones it until
 * 700 MB have gathered. With a full one each time it stays below 200 MB and is a seventh slower.
 */
const RUNTIME_FLAGS = "--gc-global";

export interface ServeOptions {
  /** The folder into which `buildWorker` has built it. */
  folder: string;
  /** Its storage. */
  stateFolder: string;
  port: number;
  bindings: Record<string, string>;
  /** Applies the rate limit, as in production. Local counting costs most of the speed. */
  limitsClients?: boolean;
  /** Gets each line that the Worker logs. */
  onLog(line: string): void;
}

export interface ServedWorker {
  url: string;
  /** Waits until it answers. After a crash the runtime restarts automatically. */
  untilReady(): Promise<void>;
  /** Runs the cron trigger, as Cloudflare does once a minute. */
  runCron(): Promise<void>;
  /** Serves another build, with the same storage. */
  replace(folder: string): Promise<void>;
  stop(): Promise<void>;
}

/** @throws Error when the port is in use */
export async function assertPortIsFree(port: number): Promise<void> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening").catch(() => {
    throw portError(port);
  });
  await once(server.close(), "close");
}

const portError = (port: number) =>
  new Error(`Cannot serve the Worker: port ${port} is in use; set WORKER_PORT to another`);

/** @throws Error when the port is in use or the runtime does not start */
export async function serveWorker(options: ServeOptions): Promise<ServedWorker> {
  process.env.MINIFLARE_WORKERD_V8_FLAGS = RUNTIME_FLAGS;
  const miniflare = withoutSignalHandlers(() => new Miniflare(runtimeOptions(options)));
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose().catch(() => {});
    throw (error as { code?: string }).code === "ERR_ADDRESS_IN_USE"
      ? portError(options.port)
      : error;
  }
  const url = localAddress(options.port);
  const untilReady = () =>
    until("the Worker answers", READY_MS_MAX, async () => {
      const signal = AbortSignal.timeout(RESPONSE_MS_MAX);
      const response = await fetch(`${url}/healthz`, { signal });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
    });
  await untilReady();
  return {
    url,
    untilReady,
    runCron: async () => {
      const response = await fetch(url + CRON_PATH);
      if (!response.ok)
        throw new Error(`Cannot run the cron trigger of the Worker: it answers ${response.status}`);
    },
    replace: (folder) => miniflare.setOptions(runtimeOptions({ ...options, folder })),
    stop: () => miniflare.dispose(),
  };
}

/** Removes the signal handlers of Miniflare, which would end the program before a clean stop. */
function withoutSignalHandlers<Result>(create: () => Result): Result {
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
