/**
 * A Kafka and a PostgreSQL as companies run them: both require TLS and a password. They are the
 * platform's own services, started from a copy of the checkout with another configuration.
 */
import { openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KAFKA } from "../../kafka/install.ts";
import { POSTGRES } from "../../postgres/install.ts";
import { install } from "../../scripts/host/install.ts";
import { type Config, ROOT, readConfig } from "../../scripts/lib/config.ts";
import { GiveUp, until } from "../../scripts/lib/wait.ts";
import { Authority, type Certificate } from "./certificates.ts";
import { copyCheckout } from "./checkout.ts";
import type { Environment } from "./script.ts";
import { KAFKA_USERS, secureKafka } from "./secured-kafka.ts";
import { newSettings } from "./stack.ts";

const START_MS_MAX = 120_000;
const END_MS_MAX = 30_000;

export class SecuredServices {
  /** Addresses and passwords of PostgreSQL; `access` adds the rest. */
  readonly settings: Environment;
  /** File with the certificate of the authority that signed those of the servers. */
  readonly authority: string;
  /** File with the certificate of an authority that signed nothing here. */
  readonly stranger: string;
  readonly #host: string;
  readonly #processes: Bun.Subprocess[] = [];

  private constructor(settings: Environment, host: string) {
    this.settings = settings;
    this.#host = host;
    this.authority = join(settings.STATE_DIR!, "authority.pem");
    this.stranger = join(settings.STATE_DIR!, "stranger.pem");
  }

  /** The servers' certificates are only for `host`, under whatever other name it is reached. */
  static async start(host: string): Promise<SecuredServices> {
    const roles = ["", "_ADMIN", "_INGEST", "_TRANSFORM", "_READ"];
    const passwords = roles.map((role) => [`POSTGRES${role}_PASSWORD`, `secret${role}`]);
    const secured = new SecuredServices(await newSettings(Object.fromEntries(passwords)), host);
    try {
      await secured.#start(readConfig(secured.settings));
    } catch (error) {
      await secured.stop();
      throw error;
    }
    return secured;
  }

  /** All settings for access, changed by `others`; an empty setting counts as not set. */
  access(mechanism: keyof typeof KAFKA_USERS, others: Environment = {}): Environment {
    return {
      ...this.settings,
      KAFKA_BROKERS: `${this.#host}:${this.settings.KAFKA_PORT}`,
      KAFKA_TLS: "true",
      KAFKA_TLS_CA: this.authority,
      KAFKA_SASL_MECHANISM: mechanism,
      KAFKA_SASL_USERNAME: KAFKA_USERS[mechanism].name,
      KAFKA_SASL_PASSWORD: KAFKA_USERS[mechanism].password,
      POSTGRES_HOST: this.#host,
      POSTGRES_SSLMODE: "verify-full",
      POSTGRES_SSL_CA: this.authority,
      ...others,
    };
  }

  /** Ends both and deletes their data. */
  async stop(): Promise<void> {
    await Promise.all(this.#processes.map(end));
    rmSync(this.settings.STATE_DIR!, { recursive: true, force: true });
  }

  async #start(config: Config): Promise<void> {
    await install(config, [KAFKA, POSTGRES]);
    const authority = new Authority("Authority of the test");
    writeFileSync(this.authority, authority.certificate);
    writeFileSync(this.stranger, new Authority("Another authority").certificate);
    const checkout = join(config.STATE_DIR, "checkout");
    copyCheckout(checkout);
    securePostgres(join(checkout, "postgres"), authority.issue(this.#host));
    secureKafka(config, join(checkout, "kafka"), {
      host: this.#host,
      authority: this.authority,
      ...authority.issue(this.#host),
    });
    await Promise.all([this.#run(checkout, "postgres"), this.#run(checkout, "kafka")]);
  }

  /** Starts a service and waits until it takes connections. */
  async #run(checkout: string, name: "kafka" | "postgres"): Promise<void> {
    const log = join(checkout, `${name}.log`);
    const output = openSync(log, "w");
    const server = Bun.spawn([join(checkout, "scripts/start"), name], {
      env: this.settings,
      stdin: "ignore",
      stdout: output,
      stderr: output,
    });
    this.#processes.push(server);
    const port = Number(this.settings[`${name.toUpperCase()}_PORT`]);
    await until(`${name} takes connections`, START_MS_MAX, async () => {
      if (server.exitCode !== null) throw new GiveUp(readFileSync(log, "utf8"));
      const socket = { data() {} };
      (await Bun.connect({ hostname: "127.0.0.1", port, socket })).end();
    });
  }
}

async function end(server: Bun.Subprocess): Promise<void> {
  // Kafka ends cleanly, and PostgreSQL without waiting for its clients.
  server.kill("SIGINT");
  const deadline = setTimeout(() => server.kill("SIGKILL"), END_MS_MAX);
  await server.exited;
  clearTimeout(deadline);
}

/** Fills `folder` with the files for the start of PostgreSQL. */
function securePostgres(folder: string, { certificate, key }: Certificate): void {
  const path = (name: string) => join(folder, name);
  writeFileSync(path("server.crt"), certificate);
  writeFileSync(path("server.key"), key, { mode: 0o600 });
  const settings = readFileSync(join(ROOT, "postgres/postgresql.conf"), "utf8");
  writeFileSync(
    path("postgresql.conf"),
    `${settings}
ssl = on
ssl_cert_file = '${path("server.crt")}'
ssl_key_file = '${path("server.key")}'
`,
  );
  writeFileSync(path("pg_hba.conf"), "hostssl all all 127.0.0.1/32 scram-sha-256\n");
}
