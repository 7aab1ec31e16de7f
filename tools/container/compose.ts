/** A project of compose.yaml, run by `docker compose` under its own name and on its own ports. */
import { writeFileSync } from "node:fs";
import type { Environment } from "../../tests/harness/script.ts";
import { attempt, type CommandOptions, run } from "../process.ts";
import type { Engine } from "./engine.ts";

const IMAGE = "real-time-data-platform";
const LOG_LINES = 15;

export class ComposeProject {
  readonly #engine: Engine;
  readonly #options: CommandOptions;
  readonly #command: string[];
  readonly #label: string;

  /** `program` is Compose itself. */
  constructor(engine: Engine, program: string, checkout: string, ports: Environment) {
    const name = `platform-test-${process.pid}`;
    this.#engine = engine;
    this.#options = { environment: { ...engine.environment, ...ports }, folder: checkout };
    this.#label = `label=com.docker.compose.project=${name}`;
    this.#command = [program, "--project-name", name, "--file", "compose.yaml"];
    if (!engine.isHandMade) return;
    const additions = `${checkout}.compose.yaml`;
    writeFileSync(additions, JSON.stringify({ services: { setup: { network_mode: "host" } } }));
    this.#command.push("--file", additions);
  }

  async build(): Promise<void> {
    const network = this.#engine.isHandMade ? ["--network=host"] : [];
    const source = ["--file=.devcontainer/Dockerfile", "--target=platform", "."];
    await run(["docker", "build", ...network, `--tag=${IMAGE}`, ...source], this.#options);
  }

  async up(): Promise<void> {
    await run([...this.#command, "up", "--no-build", "--wait"], this.#options);
  }

  /** `stop`, and `start` of the same containers. */
  async stopAndStart(): Promise<void> {
    await run([...this.#command, "stop"], this.#options);
    await run([...this.#command, "start", "--wait"], this.#options);
  }

  async execute(service: string, ...command: string[]): Promise<string> {
    return run([...this.#command, "exec", "-T", service, ...command], this.#options);
  }

  /** Ignores the exit status, for a command that ends its own container. */
  async end(service: string, ...command: string[]): Promise<void> {
    await attempt([...this.#command, "exec", "-T", service, ...command], this.#options);
  }

  /** Names of the services whose containers run. */
  async running(): Promise<string[]> {
    const names = await run([...this.#command, "ps", "--services"], this.#options);
    return names.trim().split("\n");
  }

  /** How often the engine has restarted the container, and the result of its health check. */
  async state(service: string): Promise<{ restarts: number; health: string }> {
    const id = (await run([...this.#command, "ps", "--quiet", service], this.#options)).trim();
    const health = "{{if .State.Health}}{{.State.Health.Status}}{{else}}{{.State.Status}}{{end}}";
    const format = `{{.RestartCount}} ${health}`;
    const answer = await run(["docker", "inspect", "--format", format, id], this.#options);
    const [restarts = "", status = ""] = answer.trim().split(" ");
    return { restarts: Number(restarts), health: status };
  }

  /** Memory of each container, as the engine counts it. */
  async memory(): Promise<string> {
    const format = "{{.Name}} {{.MemUsage}}";
    const ids = (await run([...this.#command, "ps", "--quiet"], this.#options)).trim().split("\n");
    return run(["docker", "stats", "--no-stream", "--format", format, ...ids], this.#options);
  }

  /** The last log lines of each container. */
  async lastLogs(): Promise<string> {
    const logs = ["logs", "--no-color", `--tail=${LOG_LINES}`];
    return (await attempt([...this.#command, ...logs], this.#options)).stdout;
  }

  /** `down -v`. Returns the containers, volumes and networks that are left. */
  async down(): Promise<string> {
    await run([...this.#command, "down", "--volumes"], this.#options);
    const kinds = [
      ["ps", "--all"],
      ["volume", "ls"],
      ["network", "ls"],
    ];
    const left = await Promise.all(
      kinds.map((kind) =>
        run(["docker", ...kind, "--quiet", "--filter", this.#label], this.#options),
      ),
    );
    return left.join("").trim();
  }

  async removeImage(): Promise<void> {
    await attempt(["docker", "rmi", IMAGE], this.#options);
  }
}
