/**
 * A way to a service of this machine that a test makes bad. Connections are cut in the middle, nothing
 * comes through, answers come late, or it refuses.
 */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { until } from "../../scripts/lib/wait.ts";

/** A connection is cut at this age, or when it has carried more than these bytes. */
export interface Cuts {
  msMax: number;
  bytesMax: number;
}

export type Fault = "silent" | "slow" | "refusing";

const SLOW_MS = 20_000;

export class FaultyProxy {
  /** Connections that were cut. */
  cutCount = 0;
  /** Undefined while it cuts nothing. */
  cuts: (() => Cuts) | undefined;
  readonly #port: number;
  readonly #sockets = new Set<Socket>();
  readonly #server;
  #fault: Fault | undefined;

  constructor(port: number, targetPort: number) {
    this.#port = port;
    this.#server = createServer((client) => this.#carry(client, connect(targetPort, "127.0.0.1")));
    this.#server.listen(port, "127.0.0.1");
  }

  /** Makes the way bad, for the connections that are open, too. */
  async fail(fault: Fault): Promise<void> {
    this.#fault = fault;
    if (fault === "silent") for (const socket of this.#sockets) socket.pause();
    if (fault !== "refusing") return;
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The way is good again; what was held back comes through. */
  async mend(): Promise<void> {
    const wasRefusing = this.#fault === "refusing";
    this.#fault = undefined;
    for (const socket of this.#sockets) socket.resume();
    if (!wasRefusing) return;
    await until("the port is free", 10_000, async () => {
      this.#server.listen(this.#port, "127.0.0.1");
      await once(this.#server, "listening");
    });
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #carry(client: Socket, service: Socket): void {
    const cuts = this.cuts?.();
    let bytes = 0;
    const end = () => {
      clearTimeout(timer);
      for (const socket of [client, service]) {
        socket.destroy();
        this.#sockets.delete(socket);
      }
    };
    const cut = () => {
      this.cutCount += 1;
      end();
    };
    const timer = cuts && setTimeout(cut, cuts.msMax);
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      this.#sockets.add(from);
      const held: (string | Buffer)[] = [];
      const release = (count: number) => {
        for (const data of held.splice(0, count)) if (to.writable) to.write(data);
      };
      from.on("data", (data) => {
        bytes += data.length;
        if (cuts && bytes > cuts.bytesMax) return cut();
        held.push(data);
        // Bytes that were held back go first, also when the way is good again.
        if (this.#fault === "slow" && from === service) setTimeout(release, SLOW_MS, 1);
        else release(held.length);
      });
      from.on("close", end);
      from.on("error", end);
      if (this.#fault === "silent") from.pause();
    }
  }
}
