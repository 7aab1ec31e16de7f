/** The platform's consumer, started again at the same port whenever it was killed. */
import { bunCommand } from "../../scripts/host/start.ts";
import { type Health, readHealth } from "../../tests/harness/consumers.ts";
import { type Client, startClient } from "./clients.ts";
import type { Victim } from "./faults.ts";
import type { Stack } from "./stack.ts";
import { type TakeUp, takeUpsIn } from "./take-ups.ts";

export class RestartedConsumer implements Victim {
  readonly name: string;
  readonly #stack: Stack;
  readonly #environment: Record<string, string>;
  readonly #port: number;
  /** What those said that were killed. */
  readonly #words: string[] = [];
  #client: Client;

  constructor(stack: Stack, name: string, port: number, environment: Record<string, string>) {
    this.name = name;
    this.#stack = stack;
    this.#port = port;
    this.#environment = { ...environment, CONSUMER_METRICS_PORT: String(port) };
    this.#client = this.#start();
  }

  get processId(): number {
    return this.#client.processId;
  }

  async kill(): Promise<void> {
    await this.#client.kill();
    this.#words.push(await this.#client.words());
    this.#client = this.#start();
  }

  /** Fails when the process has ended without help. */
  assertAlive(): void {
    this.#client.assertAlive();
  }

  /** Undefined while it does not answer. */
  async health(): Promise<Health | undefined> {
    return readHealth(this.#port).catch(() => undefined);
  }

  /** Ends it, and gives each take-up of a partition's index, also those before a kill. */
  async end(): Promise<TakeUp[]> {
    await this.#client.end();
    return takeUpsIn([...this.#words, await this.#client.words()].join("\n"));
  }

  #start(): Client {
    return startClient(this.#stack, bunCommand("scripts/consume.ts"), this.#environment);
  }
}
