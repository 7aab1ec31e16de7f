/**
 * How PostgreSQL is started. Its data is in STATE_DIR/postgres and is created whole or not at all,
 * with the owner's role and database. Changed passwords are set before the server listens.
 */
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { makePrivateFolder } from "../scripts/host/folders.ts";
import { commandLine } from "../scripts/host/process-tree.ts";
import type { Launch } from "../scripts/host/service.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { dataFolder } from "../scripts/lib/local-data.ts";
import { assertSameDatabase, createStatements, markOf, passwordStatements } from "./bootstrap.ts";
import { postgresPrograms } from "./install.ts";
import { type Unprivileged, unprivileged } from "./unprivileged.ts";

export function launchPostgres(config: Config): Launch {
  const server = new Server(config);
  server.makeData();
  server.takeOver();
  server.setPasswords();
  server.forgetFormer();
  return { command: server.command };
}

class Server {
  readonly #config: Config;
  readonly #data: string;
  readonly #program: string;
  readonly #user: Unprivileged;

  constructor(config: Config) {
    this.#config = config;
    this.#data = dataFolder(config, "postgres");
    this.#program = join(postgresPrograms(), "postgres");
    this.#user = unprivileged(this.#program);
    makePrivateFolder(config.STATE_DIR);
  }

  get command(): string[] {
    const setting = (name: string, value: string) => ["-c", `${name}=${value}`];
    return [
      ...[...this.#user.prefix, this.#program, "-D", this.#data],
      ...["-p", String(this.#config.POSTGRES_PORT)],
      ...setting("config_file", join(ROOT, "postgres/postgresql.conf")),
      ...setting("hba_file", join(ROOT, "postgres/pg_hba.conf")),
      ...setting("shared_buffers", `${this.#config.POSTGRES_SHARED_BUFFERS_MB}MB`),
    ];
  }

  makeData(): void {
    if (existsSync(this.#data)) return;
    const statements = createStatements(this.#config);
    const draft = `${this.#data}.new`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { mode: 0o700 });
    chownSync(draft, this.#user.owner, statSync(draft).gid);
    this.#run([
      ...[join(postgresPrograms(), "initdb"), `--pgdata=${draft}`, "--username=postgres"],
      ...["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
      ...["--locale=C", "--data-checksums", "--auth-local=reject", "--auth-host=scram-sha-256"],
    ]);
    this.#runAlone(draft, statements);
    writeFileSync(join(draft, MARK), markOf(this.#config));
    renameSync(draft, this.#data);
  }

  /** Another user ran this stack before. */
  takeOver(): void {
    if (statSync(this.#data).uid === this.#user.owner) return;
    const changed = Bun.spawnSync(["chown", "-R", String(this.#user.owner), this.#data]);
    if (changed.exitCode !== 0) {
      throw new Error(`Cannot start PostgreSQL: ${this.#data} belongs to another user`);
    }
  }

  setPasswords(): void {
    const path = join(this.#data, MARK);
    const mark = readFileSync(path, "utf8");
    if (mark === markOf(this.#config)) return;
    assertSameDatabase(this.#config, mark);
    this.#runAlone(this.#data, passwordStatements(this.#config));
    writeFileSync(path, markOf(this.#config));
  }

  /**
   * A killed server leaves its process id behind. If another program has that id now, PostgreSQL
   * would mistake it for a running server.
   */
  forgetFormer(): void {
    const path = join(this.#data, "postmaster.pid");
    if (!existsSync(path)) return;
    const former = Number.parseInt(readFileSync(path, "utf8"), 10);
    if (!commandLine(former).includes("postgres")) rmSync(path, { force: true });
  }

  /** Single-user mode reads its statements from a pipe: no password is in a command or a log. */
  #runAlone(folder: string, statements: string[]): void {
    const quiet = ["-c", "exit_on_error=on", "-c", "log_min_messages=error"];
    const command = [this.#program, "--single", "-D", folder, ...quiet, "postgres"];
    this.#run(command, statements.map((statement) => `${statement}\n`).join(""));
  }

  #run(command: string[], input = ""): void {
    const { exitCode } = Bun.spawnSync([...this.#user.prefix, ...command], {
      stdin: Buffer.from(input),
      stdout: "ignore",
      stderr: "inherit",
    });
    if (exitCode !== 0) throw new Error("Cannot start PostgreSQL, as said above");
  }
}

/** The mark beside the data; see bootstrap.ts. */
const MARK = "platform";
