/**
 * How Trino's connectors reach Kafka and PostgreSQL: settings under the names of Java's clients.
 */
import type { Config } from "../scripts/lib/config.ts";

/**
 * Writes the trusted certificates, those of `path` or the public ones, into a file. Returns its
 * path.
 */
type WriteAuthorities = (path: string | undefined) => string;

/** The address of the database, with its TLS options. */
export function jdbcUrl(config: Config, writeAuthorities: WriteAuthorities): string {
  const { POSTGRES_HOST: host, POSTGRES_PORT: port, POSTGRES_DB: database } = config;
  const url = `jdbc:postgresql://${host.includes(":") ? `[${host}]` : host}:${port}`;
  const parameters = new URLSearchParams({
    sslmode: config.POSTGRES_SSLMODE,
    connectTimeout: "10",
    ApplicationName: "trino",
  });
  if (config.POSTGRES_SSLMODE === "verify-full") {
    parameters.set("sslrootcert", writeAuthorities(config.POSTGRES_SSL_CA));
  }
  return `${url}/${encodeURIComponent(database)}?${parameters.toString().replaceAll("+", "%20")}`;
}

/** The file that the Kafka connector passes to its client; it may hold a password. */
export function kafkaClientSettings(config: Config, writeAuthorities: WriteAuthorities): string {
  const usesTls = config.KAFKA_TLS === "true";
  const logsIn = config.KAFKA_SASL_MECHANISM !== "none";
  const settings = {
    "security.protocol": `${logsIn ? "SASL_" : ""}${usesTls ? "SSL" : "PLAINTEXT"}`,
    // Records of an aborted transaction count nowhere else, either.
    "isolation.level": "read_committed",
    ...(usesTls && {
      "ssl.truststore.type": "PEM",
      "ssl.truststore.location": writeAuthorities(config.KAFKA_TLS_CA),
    }),
    ...(logsIn && {
      "sasl.mechanism": config.KAFKA_SASL_MECHANISM.toUpperCase(),
      "sasl.jaas.config": login(config),
    }),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${propertyValue(value)}\n`)
    .join("");
}

function login(config: Config): string {
  const name = config.KAFKA_SASL_MECHANISM === "plain" ? "plain.Plain" : "scram.Scram";
  const quoted = (text = "") => `"${text.replace(/["\\]/g, "\\$&")}"`;
  return [
    `org.apache.kafka.common.security.${name}LoginModule required`,
    `username=${quoted(config.KAFKA_SASL_USERNAME)}`,
    `password=${quoted(config.KAFKA_SASL_PASSWORD)};`,
  ].join(" ");
}

/** A value in the form of a properties file, which Java reads as Latin-1 with escapes. */
export const propertyValue = (text: string) =>
  text
    .replaceAll("\\", "\\\\")
    .replace(/^ /, "\\ ")
    .replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
