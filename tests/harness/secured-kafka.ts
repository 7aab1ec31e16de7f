/** Turns the platform's Kafka into one that requires TLS and a password. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { KAFKA } from "../../kafka/install.ts";
import { javaProgram } from "../../scripts/host/folders.ts";
import { type Config, ROOT } from "../../scripts/lib/config.ts";
import type { Certificate } from "./certificates.ts";

/** Users of Kafka, each known to one mechanism only. */
export const KAFKA_USERS = {
  plain: { name: "anna", password: "anna-secret" },
  "scram-sha-256": { name: "berta", password: "berta-secret" },
  "scram-sha-512": { name: "clara", password: "clara-secret" },
} as const;

/** Fills `folder` with the files for Kafka's start, and creates the data with the users in it. */
export function secureKafka(
  config: Config,
  folder: string,
  { host, authority, certificate, key }: { host: string; authority: string } & Certificate,
): void {
  const keystore = join(folder, "keystore.pem");
  writeFileSync(keystore, key + certificate, { mode: 0o600 });
  const properties = [
    readFileSync(join(ROOT, "kafka/server.properties"), "utf8"),
    // When a property occurs twice, the last one counts.
    "listeners=CLIENTS://127.0.0.1:@KAFKA_PORT@,CONTROLLER://127.0.0.1:@KAFKA_CONTROLLER_PORT@",
    `advertised.listeners=CLIENTS://${host}:@KAFKA_PORT@`,
    "listener.security.protocol.map=CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name=CLIENTS",
    "sasl.mechanism.inter.broker.protocol=PLAIN",
    "ssl.keystore.type=PEM",
    `ssl.keystore.location=${keystore}`,
    // The broker tries its certificate on itself before it starts.
    "ssl.truststore.type=PEM",
    `ssl.truststore.location=${authority}`,
    "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    `listener.name.clients.plain.sasl.jaas.config=${plainLogin()}`,
    ...["256", "512"].map(
      (bits) =>
        `listener.name.clients.scram-sha-${bits}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`,
    ),
  ].join("\n");
  writeFileSync(join(folder, "server.properties"), properties);
  format(config, properties);
}

function plainLogin(): string {
  const { name, password } = KAFKA_USERS.plain;
  const module = "org.apache.kafka.common.security.plain.PlainLoginModule";
  return `${module} required username="${name}" password="${password}" user_${name}="${password}";`;
}

/** Like the start of Kafka, but with the users of SCRAM, which are part of the cluster's data. */
function format(config: Config, properties: string): void {
  const folder = join(config.STATE_DIR, "kafka");
  mkdirSync(folder);
  const filled = properties.replace(/@([A-Z_]+)@/g, (_, name) =>
    String(config[name as "KAFKA_PORT"]),
  );
  writeFileSync(join(folder, "format.properties"), filled);
  const users = (["scram-sha-256", "scram-sha-512"] as const).flatMap((mechanism) => {
    const { name, password } = KAFKA_USERS[mechanism];
    return ["--add-scram", `${mechanism.toUpperCase()}=[name=${name},password=${password}]`];
  });
  // One id in 64 begins with a dash, which must not look like an option: here each does.
  const cluster = `-${randomBytes(16).toString("base64url").slice(1)}`;
  const tool = ["-cp", KAFKA.classPath(config), "kafka.tools.StorageTool", "format"];
  const { exitCode, stderr } = Bun.spawnSync(
    [javaProgram(config), ...tool, `--cluster-id=${cluster}`, "-c", "format.properties", ...users],
    { cwd: folder, stdout: "ignore", stderr: "pipe" },
  );
  if (exitCode !== 0) throw new Error(`Cannot format Kafka's data: ${stderr}`);
}
