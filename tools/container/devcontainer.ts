/**
 * Opens a checkout as an editor or Codespaces does, with the devcontainers CLI: builds the
 * unchanged Dockerfile and runs the unchanged lifecycle commands. It adds only what Codespaces
 * adds, the name of a codespace, and free ports.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";
import type { Environment } from "../../tests/harness/script.ts";
import { attempt, type CommandOptions, run } from "../process.ts";
import { CACHE } from "./bare-machine.ts";
import type { Engine } from "./engine.ts";

const CLI = join(ROOT, "node_modules/.bin/devcontainer");
const LOG_LINES = 40;
const HOST_NETWORK = "--network=host";
export const CODESPACE: Environment = {
  CODESPACE_NAME: "tested",
  GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: "app.github.dev",
};

export class Devcontainer {
  readonly #checkout: string;
  readonly #options: CommandOptions;
  readonly #place: string[];

  /** `cache` is a volume with earlier installations, if there is one. */
  constructor(engine: Engine, checkout: string, ports: Environment, cache?: string) {
    this.#checkout = checkout;
    this.#options = { environment: engine.environment };
    const config = `${checkout}.devcontainer.json`;
    writeFileSync(config, JSON.stringify(withAdditions(checkout, engine.isHandMade, ports, cache)));
    this.#place = ["--workspace-folder", checkout, "--override-config", config];
  }

  /** Returns once the lifecycle commands have ended; the stack still starts then. */
  async open(): Promise<void> {
    await run([CLI, "up", ...this.#place], this.#options);
  }

  /** Stops it as Codespaces does after half an hour without use, and opens it again. */
  async resume(): Promise<void> {
    for (const { container } of await this.#containers()) {
      await run(["docker", "stop", container], this.#options);
    }
    await this.open();
  }

  async execute(...command: string[]): Promise<string> {
    return run([CLI, "exec", ...this.#place, ...command], this.#options);
  }

  /** The output of the start in the background, if it got so far. */
  async startLog(): Promise<string> {
    const tail = ["tail", `--lines=${LOG_LINES}`, ".state/log/up.log"];
    return (await attempt([CLI, "exec", ...this.#place, ...tail], this.#options)).stdout;
  }

  async remove(): Promise<void> {
    for (const { container, image } of await this.#containers()) {
      await attempt(["docker", "rm", "--force", "--volumes", container], this.#options);
      await attempt(["docker", "rmi", image], this.#options);
    }
  }

  async #containers(): Promise<{ container: string; image: string }[]> {
    const label = `label=devcontainer.local_folder=${this.#checkout}`;
    const listed = await attempt(
      ["docker", "ps", "--all", "--filter", label, "--format", "{{.ID}} {{.Image}}"],
      this.#options,
    );
    const lines = listed.stdout.trim().split("\n").filter(Boolean);
    return lines.map((line) => {
      const [container = "", image = ""] = line.split(" ");
      return { container, image };
    });
  }
}

function withAdditions(
  checkout: string,
  isHandMade: boolean,
  ports: Environment,
  cache: string | undefined,
): object {
  const path = join(checkout, ".devcontainer/devcontainer.json");
  const own = Bun.JSONC.parse(readFileSync(path, "utf8")) as { build: object };
  return {
    ...own,
    containerEnv: { ...ports, ...CODESPACE },
    runArgs: [
      ...(isHandMade ? [HOST_NETWORK] : []),
      ...(cache ? [`--volume=${cache}:${CACHE}`] : []),
    ],
    ...(isHandMade && { build: { ...own.build, options: [HOST_NETWORK] } }),
  };
}
