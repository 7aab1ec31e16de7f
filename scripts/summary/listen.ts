/** Serves on loopback. Requests from other machines come through a tunnel on this one. */

/** Longest time for a request, and for a connection to wait for its next request. */
const IDLE_SECONDS_MAX = 30;
/** No request of ours has a body. */
const BODY_BYTES_MAX = 1_024;

/** @throws Error that names the setting when the port is taken */
export function listen(
  port: number,
  fetch: (request: Request) => Response | Promise<Response>,
): Bun.Server<undefined> {
  try {
    return Bun.serve({
      hostname: "127.0.0.1",
      port,
      fetch,
      idleTimeout: IDLE_SECONDS_MAX,
      maxRequestBodySize: BODY_BYTES_MAX,
      development: false,
      // Otherwise Bun lets a second origin listen on the same port, and each gets half the requests.
      reusePort: false,
    });
  } catch (error) {
    if ((error as { code?: string }).code !== "EADDRINUSE") throw error;
    throw new Error(
      `Cannot listen on 127.0.0.1:${port}: the port is in use; end what uses it or set SUMMARY_PORT`,
    );
  }
}
