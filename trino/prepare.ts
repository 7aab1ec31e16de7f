/**
 * Writes the configuration of a node from the files in trino/ and the settings, with the files for
 * TLS and passwords. Secrets stay in the environment, or in files that only the owner can read.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { assertSecrets } from "../scripts/host/environment.ts";
import { makePrivateFolder } from "../scripts/host/folders.ts";
import { type Config, ROOT } from "../scripts/lib/config.ts";
import { dataFolder } from "../scripts/lib/local-data.ts";
import { trustedCertificates } from "../scripts/lib/tls.ts";
import { localUrl, trinoUrl } from "../scripts/lib/trino-address.ts";
import { jdbcUrl, kafkaClientSettings, propertyValue } from "./connections.ts";
import { TRINO } from "./install.ts";
import { makeKeystore } from "./keystore.ts";
import { nodeId, type TrinoRole } from "./probe.ts";

const NEEDED = ["TRINO_SHARED_SECRET", "POSTGRES_READ_PASSWORD"] as const;
const NEEDED_SECURED = ["TRINO_PASSWORD", "TRINO_SUPERSET_PASSWORD"] as const;

/** Addresses that stand for all interfaces of a machine; other machines cannot call them. */
const ANY_ADDRESS = ["0.0.0.0", "::"];

/** A secret that Trino itself reads from the environment. */
const fromEnvironment = (name: string) => `\${ENV:${name}}`;

/** The name for an IP address in the certificates that the nodes make for each other. */
const asName = (address: string) => `${address.replaceAll(".", "-").replaceAll(":", "x")}.ip`;

/** Bcrypt, the form that Trino reads. */
async function writePasswords(config: Config, path: string): Promise<void> {
  const users = { query: config.TRINO_PASSWORD, superset: config.TRINO_SUPERSET_PASSWORD };
  const hash = (password: string) => Bun.password.hash(password, { algorithm: "bcrypt", cost: 10 });
  const lines = Object.entries(users).map(async ([user, password]) => {
    return `${user}:${await hash(password!)}\n`;
  });
  writeFileSync(path, (await Promise.all(lines)).join(""), { mode: 0o600 });
}

/** The folder of a node of this machine. */
export const nodeFolder = (config: Config, role: TrinoRole) =>
  join(dataFolder(config, "trino"), role);

/** @throws ConfigError naming the secrets that are missing */
export async function prepareNode(config: Config, role: TrinoRole): Promise<void> {
  const isSecured = config.TRINO_SECURED === "true";
  assertSecrets(config, "Trino", [...NEEDED, ...(isSecured ? NEEDED_SECURED : [])]);
  const folder = nodeFolder(config, role);
  const etc = join(folder, "etc");
  rmSync(etc, { recursive: true, force: true });
  makePrivateFolder(etc);
  const authorities = (name: string, path: string | undefined) => {
    const file = join(etc, name);
    writeFileSync(file, trustedCertificates(path).join("\n"));
    return file;
  };
  const keystore = isSecured ? (config.TRINO_TLS_CERTIFICATE ?? makeKeystore(config)) : "";
  const values: Record<string, string> = {
    NODE_ID: nodeId(config, role),
    NODE_FOLDER: folder,
    NODE_PORT: String(role === "worker" ? config.TRINO_WORKER_PORT : config.TRINO_PORT),
    // The coordinator calls itself: the name that others use need not lead back to it.
    COORDINATOR: role === "worker" ? trinoUrl(config) : localUrl(config, config.TRINO_PORT),
    QUERY_MEMORY_MB: String(Math.floor(config.TRINO_HEAP_MB / 4)),
    TRINO_HOME: TRINO.folder(config),
    TRINO_BIND_ADDRESS: config.TRINO_BIND_ADDRESS,
    TRINO_SECURED: config.TRINO_SECURED,
    KEYSTORE: keystore,
    RULES: join(ROOT, "trino/rules.json"),
    KAFKA_BROKERS: config.KAFKA_BROKERS.join(","),
    KAFKA_TOPIC: config.KAFKA_TOPIC,
    POSTGRES_URL: jdbcUrl(config, (path) => authorities("postgres-authorities.pem", path)),
  };
  const filled = (name: string) =>
    readFileSync(join(ROOT, "trino", name), "utf8").replace(/@([A-Z_]+)@/g, (_, key) =>
      propertyValue(values[key]!),
    );
  const copy = (name: string) => {
    mkdirSync(dirname(join(etc, name)), { recursive: true });
    writeFileSync(join(etc, name), filled(name));
  };
  for (const name of ["access-control.properties", "password-authenticator.properties"]) copy(name);
  for (const name of ["catalog", "tables"]) {
    for (const file of readdirSync(join(ROOT, "trino", name))) copy(join(name, file));
  }
  const profile = isSecured ? "secured.properties" : "plain.properties";
  const conditional = [
    ...(ANY_ADDRESS.includes(config.TRINO_BIND_ADDRESS)
      ? []
      : [
          `node.internal-address=${isSecured ? asName(config.TRINO_BIND_ADDRESS) : config.TRINO_BIND_ADDRESS}\n`,
        ]),
    // Our own certificate is locked with the shared secret; a given one has no lock.
    ...(isSecured && !config.TRINO_TLS_CERTIFICATE
      ? [`http-server.https.keystore.key=${fromEnvironment("TRINO_SHARED_SECRET")}\n`]
      : []),
  ];
  const parts = ["config.properties", `${role}.properties`, profile].map(filled);
  writeFileSync(join(etc, "config.properties"), [...parts, ...conditional].join("\n"));
  writeFileSync(
    join(etc, "kafka-client.properties"),
    kafkaClientSettings(config, (path) => authorities("kafka-authorities.pem", path)),
    { mode: 0o600 },
  );
  if (isSecured) await writePasswords(config, join(etc, "passwords"));
}
