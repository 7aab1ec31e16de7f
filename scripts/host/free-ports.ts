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
/** Each process looks in parts of its own, whose first port it listens on for as long as it lives. */
const PORTS_OF_PART = 200;
const PARTS = Math.floor((PORT_MAX - PORT_MIN + 1) / PORTS_OF_PART);

/** Ports of the newest part that were not looked at yet. */
const untried: number[] = [];
let nextPart: Promise<void> | undefined;
/** Kept, since what nothing refers to may be closed. */
const marks: Server[] = [];

/**
 * All are held open until the last is found, so that no two are the same. Nobody else who looks finds
 * them, in this process or another: a slow service listens on its port long after it was found free.
 * @throws Error when there are not as many
 */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  try {
    for (let attempt = 0; held.size < count; attempt++) {
      if (attempt > count + ATTEMPTS_MAX) throw new Error(`Cannot find ${count} free ports`);
      const port = await nextPort();
      const server = await listen(port);
      if (server) held.set(port, server);
    }
    return [...held.keys()];
  } finally {
    await Promise.all([...held.values()].map((server) => once(server.close(), "close")));
  }
}

/** No port is given twice, since what it is for may not listen yet, or never will. */
async function nextPort(): Promise<number> {
  for (;;) {
    const port = untried.shift();
    if (port !== undefined) return port;
    nextPart ??= takePart().then((ports) => {
      untried.push(...ports);
      nextPart = undefined;
    });
    await nextPart;
  }
}

/** The ports of a part that no other process has. With none left, parts are shared. */
async function takePart(): Promise<number[]> {
  for (let attempt = 0; attempt < PARTS; attempt++) {
    const first = anyPart();
    const mark = await listen(first);
    if (!mark) continue;
    // It must not keep the process alive.
    mark.unref();
    marks.push(mark);
    return portsFrom(first);
  }
  return portsFrom(anyPart());
}

const anyPart = () => PORT_MIN + Math.floor(Math.random() * PARTS) * PORTS_OF_PART;
const portsFrom = (first: number) =>
  Array.from({ length: PORTS_OF_PART - 1 }, (_, index) => first + 1 + index);

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
