/**
 * One run of cloudflared, Cloudflare's program that holds a tunnel open. It inherits none of the
 * platform's secrets but its token. Its log and its metrics port are watched, and it always ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { freePorts } from "../host/free-ports.ts";
import { deadline, GiveUp, until } from "../lib/wait.ts";
import { localAddress } from "../lib/web-address.ts";
import { hopelessReason, isError, quickAddress } from "./log-line.ts";

const OPEN_MS_MAX = 60_000;
const ANSWER_MS_MAX = 2_000;
/** The time that cloudflared grants requests under way; after that this program kills it. */
const GRACE_SECONDS = 5;
const STOP_MS_MAX = 10_000;
const LINES_KEPT = 10;

export interface Run {
  /** Path of cloudflared. */
  program: string;
  /** Arguments of `cloudflared tunnel` that name the tunnel. */
  args: string[];
  environment: Record<string, string>;
  /** A secret that is removed from everything cloudflared writes. */
  secret?: string | undefined;
  /** Called with each line of its log that reports a failure. */
  onError(line: string): void;
}

export class Cloudflared {
  /** The address of a quick tunnel, once the log or the metrics port has named it. */
  address: string | undefined;
  /** The end of its log. */
  readonly lines: string[] = [];
  /** Why no further attempt can succeed. */
  hopeless: string | undefined;
  /** Resolves with the way it ended, in words. */
  readonly ended: Promise<string>;
  #end: string | undefined;
  readonly #child: ChildProcess;
  readonly #metricsUrl: string;

  private constructor(run: Run, metricsPort: number) {
    this.#metricsUrl = localAddress(metricsPort);
    const common = ["--no-autoupdate", "--metrics", `127.0.0.1:${metricsPort}`];
    const grace = ["--grace-period", `${GRACE_SECONDS}s`];
    this.#child = spawn(run.program, ["tunnel", ...common, ...grace, ...run.args], {
      env: run.environment,
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on("line", (line) => this.#note(run, line));
    }
    this.ended = new Promise((resolve) => {
      this.#child.once("error", (error) => resolve(`cannot be run, ${error.message}`));
      // Not "exit": more lines may still follow it.
      this.#child.once("close", (code, signal) => resolve(`ended with ${signal ?? code}`));
    });
    void this.ended.then((how) => {
      this.#end = how;
    });
  }

  static async start(run: Run): Promise<Cloudflared> {
    const [metricsPort] = await freePorts(1);
    return new Cloudflared(run, metricsPort!);
  }

  /**
   * Waits until Cloudflare's network has taken the tunnel.
   * @throws Error when it ends first, or is not connected within a minute
   */
  async untilOpen(signal: AbortSignal): Promise<void> {
    const attempt = async () => {
      if (this.hopeless) throw new GiveUp(this.hopeless);
      if (this.#end) throw new GiveUp(`cloudflared ${this.#end}`);
      const { status } = await this.#ask("/ready");
      if (status !== 200) throw new Error(`cloudflared says that it is not, ${status}`);
    };
    await until("the tunnel is connected", OPEN_MS_MAX, attempt, { signal, intervalMs: 200 });
    this.address ??= await this.#quickAddress();
  }

  /** Ends it, by force when it takes too long. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await deadline(this.ended, STOP_MS_MAX).catch(() => this.#child.kill("SIGKILL"));
    await this.ended;
  }

  #note({ secret, onError }: Run, raw: string): void {
    const line = secret ? raw.replaceAll(secret, "[secret]") : raw;
    this.lines.push(line);
    if (this.lines.length > LINES_KEPT) this.lines.shift();
    this.address ??= quickAddress(line);
    this.hopeless ??= hopelessReason(line);
    if (isError(line)) onError(line);
  }

  async #quickAddress(): Promise<string | undefined> {
    const response = await this.#ask("/quicktunnel").catch(() => undefined);
    if (!response?.ok) return undefined;
    const { hostname } = (await response.json()) as { hostname?: string };
    return hostname ? `https://${hostname}` : undefined;
  }

  #ask(path: string): Promise<Response> {
    return fetch(this.#metricsUrl + path, { signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  }
}
