/** The small HTTP server beside a long-running program: `/metrics` and `/healthz`, on loopback. */
import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";
import type { Config } from "./config.ts";

const PORTS_TRIED = 16;

/** How often the program is asked whether it works, so that `since` is right when nobody else asks. */
const WATCH_MS = 1_000;

interface Health {
  /** What keeps the program from working; undefined when it works. */
  waitingFor: string | undefined;
  /** What a person should know although it works. */
  warnings?: string[];
}

interface ServeOptions {
  config: Config;
  /** The setting with the first port to try. */
  setting: "CONSUMER_METRICS_PORT" | "PRODUCER_METRICS_PORT";
  registry: Registry;
  health(): Health;
}

/**
 * Serves on the first free port from that of the setting upwards, so that several such programs share
 * one machine. `/healthz` answers 503 while the program waits, with the moment since when.
 * @throws Error when none of 16 ports is free
 */
export async function serveMetrics({
  config,
  setting,
  registry,
  health,
}: ServeOptions): Promise<{ port: number; close(): void }> {
  let since: Date | undefined;
  const watched = () => {
    const answer = health();
    since = answer.waitingFor === undefined ? undefined : (since ?? new Date());
    return answer;
  };
  const watch = setInterval(watched, WATCH_MS).unref();
  const server = createServer(async (request, response) => {
    if (request.url === "/metrics") {
      response.setHeader("content-type", registry.contentType).end(await registry.metrics());
    } else if (request.url === "/healthz") {
      const { waitingFor, warnings = [] } = watched();
      const isWell = waitingFor === undefined;
      response.statusCode = isWell ? 200 : 503;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ ok: isWell, waitingFor, since, warnings }));
    } else {
      response.writeHead(404).end();
    }
  });
  const first = config[setting];
  for (let port = first; port < first + PORTS_TRIED; port++) {
    if (await listens(server, port)) {
      const close = () => {
        clearInterval(watch);
        server.close().closeAllConnections();
      };
      return { port, close };
    }
  }
  clearInterval(watch);
  throw new Error(
    `Cannot serve metrics: ports ${first} to ${first + PORTS_TRIED - 1} are in use; set ${setting}`,
  );
}

function listens(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      server.removeAllListeners("listening");
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => {
      server.removeAllListeners("error");
      resolve(true);
    });
  });
}
