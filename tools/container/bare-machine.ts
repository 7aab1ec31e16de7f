/**
 * A new computer: a bare Debian with only the README's requirements, 2 cores and 8 GB. A normal
 * user has a read-only home except for its cache folder, and a checkout in a path with a space. It
 * is a container, so its remains can be opened again without a network.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../../tests/harness/script.ts";
import { attempt, type CommandOptions, run } from "../process.ts";
import { packCheckout } from "./checkout.ts";
import type { Engine } from "./engine.ts";

/** The README's requirements, under Debian's names. */
const PREREQUISITES = ["nodejs", "npm", "python3", "python3-venv"];
const HOME = "/home/dev";
const CHECKOUT = `${HOME}/data platform`;
export const CACHE = `${HOME}/.cache`;
const SIZE = ["--cpus=2", "--memory=8g", "--memory-swap=8g"];

export class BareMachine {
  readonly #engine: Engine;
  readonly #options: CommandOptions;
  readonly #name: string;
  readonly #settings: Environment;

  constructor(engine: Engine, suite: string, ports: Environment) {
    this.#engine = engine;
    this.#options = { environment: engine.environment };
    this.#name = `bare-${suite}-${process.pid}`;
    // By default npm keeps its packages beside the cache folder, which is read-only here.
    this.#settings = { ...ports, npm_config_cache: `${CACHE}/npm` };
  }

  /** `base` is the image of the bare Debian, `folder` is for this machine's own use. */
  async make(base: string, folder: string): Promise<void> {
    const packages = ["ca-certificates", ...PREREQUISITES].join(" ");
    const lines = [
      `FROM ${base}`,
      `RUN apt-get update && apt-get install --yes --no-install-recommends ${packages}`,
      `RUN useradd --create-home dev && mkdir ${CACHE} "${CHECKOUT}" && chown dev ${CACHE} "${CHECKOUT}"`,
      "USER dev",
    ];
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
    const network = this.#engine.isHandMade ? ["--network=host"] : [];
    await run(["docker", "build", ...network, "--tag", this.#name, folder], this.#options);
    await this.open();
    const archive = join(folder, "checkout.tar");
    await packCheckout(archive);
    await run(["docker", "exec", "--interactive", this.#name, "tar", "-C", CHECKOUT, "-x"], {
      ...this.#options,
      stdin: Bun.file(archive),
    });
  }

  /** Starts it, or restarts it with its checkout and its cache. */
  async open({ isOffline = false } = {}): Promise<void> {
    const network = isOffline ? "none" : this.#engine.isHandMade ? "host" : "bridge";
    await run(
      [
        ...["docker", "run", "--detach", "--init", "--name", this.#name, ...SIZE],
        ...["--read-only", "--tmpfs=/tmp:exec,mode=1777", `--network=${network}`],
        ...[`--volume=${this.cache}:${CACHE}`, `--volume=${this.#name}-checkout:${CHECKOUT}`],
        ...Object.entries(this.#settings).flatMap(([name, value]) => ["--env", `${name}=${value}`]),
        ...["--workdir", CHECKOUT, this.#name, "sleep", "infinity"],
      ],
      this.#options,
    );
  }

  /** Switches it off. */
  async close(): Promise<void> {
    await attempt(["docker", "rm", "--force", this.#name], this.#options);
  }

  async execute(...command: string[]): Promise<string> {
    return run(["docker", "exec", this.#name, ...command], this.#options);
  }

  /** The `memory.stat` of its control group. */
  async memoryStat(): Promise<string> {
    const [first, second] = ["/sys/fs/cgroup/memory.stat", "/sys/fs/cgroup/memory/memory.stat"];
    return this.execute("sh", "-c", `cat ${first} 2>/dev/null || cat ${second}`);
  }

  /** The volume with its cache folder, which outlives the machine. */
  get cache(): string {
    return `${this.#name}-cache`;
  }

  async remove(): Promise<void> {
    await this.close();
    await attempt(["docker", "volume", "rm", `${this.#name}-checkout`], this.#options);
    await attempt(["docker", "rmi", this.#name], this.#options);
  }
}
