/** Whether a port of this machine is free, and free ports for a scratch broker and for tests. */
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * Below those from which systems take the near end of each connection, Linux from 32768 and macOS
 * from 49152: one of these would be somebody's by the time that a slow service listens on it.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_767;
const ATTEMPTS_MAX = 1_000;
/**
 * Each process looks in a part of its own first. Two stacks that start at the same time could otherwise
 * find the same port, since a slow service listens on it long after it was found free.
 */
const PARTS = 64;
const PORTS_OF_PART = Math.floor((PORT_MAX - PORT_MIN + 1) / PARTS);

/**
 * All are held open until the last is found, so that no two are the same.
 * @throws Error when there are not as many
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  try {
    for (let attempt = 0; held.size < count; attempt++) {
      if (attempt > count + ATTEMPTS_MAX) throw new Error(`Cannot find ${count} free ports`);
      const port = candidate(attempt);
      const server = await listen(port);
      if (server) held.set(port, server);
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map((server) => once(server.close(), "close")));
  }
}

function candidate(attempt: number): number {
  const below = (limit: number) => Math.floor(Math.random() * limit);
  if (attempt > PORTS_OF_PART) return PORT_MIN + below(PORT_MAX - PORT_MIN + 1);
  return PORT_MIN + (process.pid % PARTS) * PORTS_OF_PART + below(PORTS_OF_PART);
}

async function listen(port: number): Promise<Server | undefined> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return server;
  } catch {
    return undefined;
  }
}

export async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (!server) return false;
  await once(server.close(), "close");
  return true;
}
