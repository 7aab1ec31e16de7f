/** The summary origin as a process of its own, asked as the Worker asks it. */
import type { Summary } from "../../schema/summary.ts";
import { summarySchema } from "../../schema/summary.ts";
import { freePorts } from "../../scripts/host/free-ports.ts";
import { sum } from "../../scripts/lib/sum.ts";
import { until } from "../../scripts/lib/wait.ts";
import type { Place } from "./platform.ts";
import { start } from "./script.ts";

export class Origin {
  readonly port: number;
  readonly process: ReturnType<typeof start>;
  readonly #secret: string;
  readonly #log: Promise<string>;

  private constructor(port: number, process: ReturnType<typeof start>, secret: string) {
    this.port = port;
    this.process = process;
    this.#secret = secret;
    this.#log = new Response(process.stderr).text();
  }

  /** Starts it on the place and returns as soon as it listens: it has computed nothing yet. */
  static async start(place: Place, settings: Record<string, string> = {}): Promise<Origin> {
    const [port] = await freePorts(1);
    const environment = { ...place.environment, SUMMARY_PORT: String(port), ...settings };
    const secret = place.config.SUMMARY_SECRET!;
    const origin = new Origin(port!, start(environment, "scripts/summary.ts"), secret);
    await until("the origin listens", 30_000, () => origin.get("/metrics"));
    return origin;
  }

  /** Asks with the secret. */
  get(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#secret}`, ...init.headers };
    return this.ask(path, { ...init, headers });
  }

  /** Asks as a stranger. */
  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`http://127.0.0.1:${this.port}${path}`, init);
  }

  /** A summary that was read after this call, checked against the contract. */
  async read(): Promise<Summary> {
    const sinceMs = Date.now();
    return until("the origin has newer numbers", 30_000, async () => {
      const response = await this.get("/summary");
      const text = await response.text();
      if (response.status !== 200) throw new Error(`${response.status} ${text}`);
      const summary = summarySchema.parse(JSON.parse(text));
      if (Date.parse(summary.as_of) < sinceMs) throw new Error(`those of ${summary.as_of}`);
      return summary;
    });
  }

  /** How often it has computed the numbers, successfully or not. */
  async computations(): Promise<number> {
    const text = await (await this.get("/metrics")).text();
    const counts = text.matchAll(/^rtdp_summary_computations_total\{.*\} (\d+)$/gm);
    return sum(counts.map(([, count]) => Number(count)));
  }

  /** Stops it as an operator does; returns its exit code and its log. */
  async stop(): Promise<{ exitCode: number; log: Record<string, unknown>[] }> {
    this.process.kill("SIGTERM");
    const exitCode = await this.process.exited;
    const lines = (await this.#log).trim().split("\n");
    return { exitCode, log: lines.map((line) => JSON.parse(line)) };
  }
}
