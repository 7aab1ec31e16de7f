/** The small HTTP server beside a long-running program: `/metrics` and `/healthz`, on loopback. */
import { createServer, type Server } from "node:http";
import type { Registry } from "prom-client";

const PORTS_TRIED = 16;

/** How often the program is asked whether it works, so that `since` is right when nobody else asks. */
const WATCH_MS = 1_000;

/**
 * Serves on the first free port from `port` upwards, so that several consumers share one machine.
 * `waitingFor` gives what keeps the program from working, or undefined when it works; `/healthz` tells
 * it with the moment since when.
 * @throws Error when none of 16 ports is free
 */
export async function serveMetrics(
  port: number,
  registry: Registry,
  waitingFor: () => string | undefined,
): Promise<{ port: number; close(): void }> {
  let since: Date | undefined;
  const watched = () => {
    const missing = waitingFor();
    since = missing === undefined ? undefined : (since ?? new Date());
    return missing;
  };
  const watch = setInterval(watched, WATCH_MS).unref();
  const server = createServer(async (request, response) => {
    if (request.url === "/metrics") {
      response.setHeader("content-type", registry.contentType).end(await registry.metrics());
    } else if (request.url === "/healthz") {
      const missing = watched();
      response.statusCode = missing === undefined ? 200 : 503;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ ok: missing === undefined, waitingFor: missing, since }));
    } else {
      response.writeHead(404).end();
    }
  });
  for (let candidate = port; candidate < port + PORTS_TRIED; candidate++) {
    if (await listens(server, candidate)) {
      const close = () => {
        clearInterval(watch);
        server.close().closeAllConnections();
      };
      return { port: candidate, close };
    }
  }
  clearInterval(watch);
  throw new Error(
    `Cannot serve metrics: ports ${port} to ${port + PORTS_TRIED - 1} are in use; set CONSUMER_METRICS_PORT`,
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
