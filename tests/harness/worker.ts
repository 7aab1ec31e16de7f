/**
 * The Worker of a deployment, in Cloudflare's runtime, with an origin of the test's choice. Each
 * has its own port and folder. After a restart it has its stored data again.
 */
import { afterAll } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PublishedSummary } from "../../schema/summary.ts";
import { freePorts } from "../../scripts/host/free-ports.ts";
import { buildWorker } from "../../worker/build/build.ts";
import { type ServedWorker, serveWorker } from "../../worker/build/serve.ts";

interface Settings {
  originUrl: string;
  secret: string;
  supersetUrl?: string;
  limitsClients?: boolean;
}

export class TestWorker {
  /** The log of the Worker. */
  readonly log: string[] = [];
  readonly #build: string;
  readonly #state = mkdtempSync(join(tmpdir(), "worker-test-"));
  readonly #settings: Settings;
  #served: ServedWorker | undefined;

  private constructor(build: string, settings: Settings) {
    this.#build = build;
    this.#settings = settings;
  }

  static async start(settings: Settings): Promise<TestWorker> {
    const worker = new TestWorker(await built(), settings);
    await worker.start();
    return worker;
  }

  async start(): Promise<void> {
    const [port] = await freePorts(1);
    const { originUrl, secret, supersetUrl = "", limitsClients = false } = this.#settings;
    this.#served = await serveWorker({
      folder: this.#build,
      stateFolder: this.#state,
      port: port!,
      bindings: { SUMMARY_URL: originUrl, SUMMARY_SECRET: secret, SUPERSET_URL: supersetUrl },
      limitsClients,
      onLog: (line) => this.log.push(line),
    });
  }

  get url(): string {
    return this.#served!.url;
  }

  get(path: string, init?: RequestInit): Promise<Response> {
    return fetch(this.url + path, { redirect: "manual", ...init });
  }

  /** @throws Error when the answer is not 200 */
  async summary(): Promise<PublishedSummary> {
    const response = await this.get("/api/summary");
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as PublishedSummary;
  }

  /** Cloudflare does so once a minute. */
  wake(): Promise<void> {
    return this.#served!.runCron();
  }

  /** Ends the runtime, but keeps its stored data. */
  async stop(): Promise<void> {
    await this.#served?.stop();
    this.#served = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#state, { recursive: true, force: true });
  }
}

let building: Promise<string> | undefined;
afterAll(async () => {
  const folder = await building;
  // Files of one process share this module, so a later one must build the Worker again.
  building = undefined;
  if (folder) rmSync(folder, { recursive: true, force: true });
});

/** Built once for all tests of a file. */
function built(): Promise<string> {
  building ??= (async () => {
    const folder = mkdtempSync(join(tmpdir(), "worker-build-"));
    await buildWorker(folder);
    return folder;
  })();
  return building;
}
