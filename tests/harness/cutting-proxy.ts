/** A way to a service of this machine that can be made bad: connections are cut in the middle. */
import { connect, createServer, type Socket } from "node:net";

/** A connection is cut at this age, or when it has carried more than these bytes. */
export interface Cuts {
  msMax: number;
  bytesMax: number;
}

export class CuttingProxy {
  /** Connections that were cut. */
  cutCount = 0;
  /** Undefined while it cuts nothing. */
  cuts: (() => Cuts) | undefined;
  readonly #server;

  constructor(port: number, targetPort: number) {
    this.#server = createServer((client) => this.#carry(client, connect(targetPort, "127.0.0.1")));
    this.#server.listen(port, "127.0.0.1");
  }

  stop(): void {
    this.#server.close();
  }

  #carry(client: Socket, service: Socket): void {
    const cuts = this.cuts?.();
    let bytes = 0;
    const end = () => {
      clearTimeout(timer);
      client.destroy();
      service.destroy();
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
      from.on("data", (data) => {
        bytes += data.length;
        if (cuts && bytes > cuts.bytesMax) cut();
        else to.write(data);
      });
      from.on("close", end);
      from.on("error", end);
    }
  }
}
