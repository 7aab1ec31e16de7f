/** Asks whether something answers at an address. Each probe throws with the reason while it does not. */
import { once } from "node:events";
import { connect as openSocket } from "node:net";
import { z } from "zod";

const PROBE_MS_MAX = 5_000;

/** The program at this address says at `/healthz` that it works. */
export async function answersHealthCheck(address: string): Promise<void> {
  const response = await fetch(`${address}/healthz`, {
    signal: AbortSignal.timeout(PROBE_MS_MAX),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(whyNot(response.status, body));
}

const healthSchema = z.object({ waitingFor: z.string(), since: z.iso.datetime() });

/** In the words of our own programs, where one of them has answered. */
function whyNot(status: number, body: string): string {
  try {
    const { waitingFor, since } = healthSchema.parse(JSON.parse(body));
    return `waits for ${waitingFor}, since ${since.slice(0, 19).replace("T", " ")} UTC`;
  } catch {
    return `/healthz answers ${status} ${body.trim()}`.trim();
  }
}

/** A program listens at `host:port`. Fails at once when none does, unlike a client that retries. */
export async function listens(address: string): Promise<void> {
  const colon = address.lastIndexOf(":");
  // An address of IPv6 is in brackets, which a socket does not take.
  const host = address.slice(0, colon).replace(/^\[(.*)\]$/, "$1");
  const port = Number(address.slice(colon + 1));
  const socket = openSocket({ host, port });
  socket.setTimeout(PROBE_MS_MAX, () => socket.destroy(new Error(`${address} does not answer`)));
  try {
    await once(socket, "connect");
  } finally {
    socket.destroy();
  }
}
