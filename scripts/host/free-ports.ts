/** Whether a port of this machine is free, and free ports for a scratch broker and for tests. */
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/**
 * Systems use higher ports for the near end of connections: Linux from 32768, macOS from 49152.
 * Such a port might be taken by the time that a slow service listens on it.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_767;
const ATTEMPTS_MAX = 1_000;
/** Each process looks in a part of its own, whose first port it listens on for as long as it lives. */
const PORTS_OF_PART = 200;
const PARTS = Math.floor((PORT_MAX - PORT_MIN + 1) / PORTS_OF_PART);

let ownPart: Promise<number> | undefined;
/** Kept, since what nothing refers to may be closed. */
let mark: Server | undefined;

/**
 * All are held open until the last is found, so that no two are the same. No other process that looks
 * at the same time finds them: a slow service listens on its port long after it was found free.
 * @throws Error when there are not as many
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  ownPart ??= takePart();
  const part = await ownPart;
  try {
    for (let attempt = 0; held.size < count; attempt++) {
      if (attempt > count + ATTEMPTS_MAX) throw new Error(`Cannot find ${count} free ports`);
      const port = attempt < PORTS_OF_PART ? part + below(PORTS_OF_PART) : anyPort();
      const server = await listen(port);
      if (server) held.set(port, server);
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map((server) => once(server.close(), "close")));
  }
}

/** The first port of a part that no other process has. With none left, parts are shared. */
async function takePart(): Promise<number> {
  for (let attempt = 0; attempt < PARTS; attempt++) {
    const first = PORT_MIN + below(PARTS) * PORTS_OF_PART;
    mark = await listen(first);
    if (!mark) continue;
    // It must not keep the process alive.
    mark.unref();
    return first;
  }
  return PORT_MIN + below(PARTS) * PORTS_OF_PART;
}

const below = (limit: number) => Math.floor(Math.random() * limit);
const anyPort = () => PORT_MIN + below(PORT_MAX - PORT_MIN + 1);

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
