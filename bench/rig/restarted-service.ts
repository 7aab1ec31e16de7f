/** A service of the measured stack, which its supervisor starts again whenever it was killed. */
import { answersKafka } from "../../scripts/kafka/probe.ts";
import { answersPostgres } from "../../scripts/lib/postgres.ts";
import { until } from "../../scripts/lib/wait.ts";
import type { Victim } from "./faults.ts";
import type { ServiceName, Stack } from "./stack.ts";

const RESTART_MS_MAX = 180_000;

export class RestartedService implements Victim {
  readonly name: ServiceName;
  readonly #stack: Stack;
  #processId: number;

  private constructor(stack: Stack, name: ServiceName, processId: number) {
    this.#stack = stack;
    this.name = name;
    this.#processId = processId;
  }

  static async find(stack: Stack, name: ServiceName): Promise<RestartedService> {
    return new RestartedService(stack, name, await stack.processId(name));
  }

  get processId(): number {
    return this.#processId;
  }

  async kill(): Promise<void> {
    const killed = this.#processId;
    process.kill(killed, "SIGKILL");
    const answers = this.name === "kafka" ? answersKafka : answersPostgres;
    await until(`${this.name} runs again`, RESTART_MS_MAX, async () => {
      await answers(this.#stack.config);
      this.#processId = await this.#stack.processId(this.name);
      // The answer may be the last one of the process that ends.
      if (this.#processId === killed) throw new Error("it has not ended yet");
    });
  }
}
