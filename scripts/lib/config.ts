/**
 * The only reader of the environment. Every setting has a default that works on one machine, or is
 * a secret that `up` generates. All faults are reported at once, and no secret is ever printed.
 * `.env.example` says each in a sentence, and a test keeps the two lists equal.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { ConfigError } from "./errors.ts";
import { certificateFault } from "./tls.ts";

/** Folder of the checkout. */
export const ROOT = resolve(fileURLToPath(new URL("../..", import.meta.url)));

const number = () =>
  z.coerce.number({
    error(issue) {
      if (issue.code !== "invalid_type") return undefined;
      return issue.expected === "int" ? "must be a whole number" : "must be a number";
    },
  });
const port = (fallback: number) => {
  const wrong = "must be a port from 1 to 65535";
  return z.coerce.number(wrong).int(wrong).min(1, wrong).max(65_535, wrong).default(fallback);
};
const count = (fallback: number) => {
  const wrong = "must be a whole number, 1 or more";
  return z.coerce.number(wrong).int(wrong).min(1, wrong).default(fallback);
};
/** Marks a setting whose default grows with MEMORY_SCALE. */
const SCALED = { isScaled: true };
const scaledCount = (fallback: number) => count(fallback).meta(SCALED);
const optionalText = z
  .string()
  .optional()
  .transform((text) => (text === "" ? undefined : text));
/** Marks a setting whose value must never be printed. */
const SECRET = { isSecret: true };
const secret = optionalText.meta(SECRET);
/** A secret that has a form of its own, since the program that takes it asks for one. */
const formedSecret = (form: RegExp, message: string) =>
  z.string().regex(form, message).optional().meta(SECRET);
/** Without a slash at its end, so that a path can follow. */
const optionalWebAddress = z
  .url({ protocol: /^https?$/, error: "must be an address that begins with http:// or https://" })
  .transform((address) => address.replace(/\/+$/, ""))
  .optional();
const certificateFile = optionalText.superRefine((path, context) => {
  const fault = path === undefined ? undefined : certificateFault(path);
  if (fault) context.addIssue({ code: "custom", message: fault });
});

/** Five fields of cron, whose ranges Airflow checks; or seconds, of which Airflow needs a few. */
const SCHEDULE = /^(?:[5-9]|[1-9]\d{1,5}|[\d*,/-]+(?: [\d*,/A-Za-z#-]+){4})$/;

/** Trino keeps a bcrypt hash of it, which looks at no more than 72 bytes. */
const trinoPassword = formedSecret(/^[!-~]{8,72}$/, "must be 8 to 72 letters, digits and signs");

const HOST_NAMES = /^[A-Za-z0-9.:-]+(,[A-Za-z0-9.:-]+)*$/;

const environmentSchema = z.object({
  STATE_DIR: z.string().default(join(ROOT, ".state")),
  CACHE_DIR: z
    .string()
    .default(
      join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "real-time-data-platform"),
    ),
  MAVEN_REPOSITORY_URL: optionalText,
  LOG_LEVEL: z.enum(["debug", "info", "warning", "error"]).default("info"),
  MEMORY_SCALE: number().min(1).max(64).default(1),
  JAVA_OPTIONS: z
    .string()
    .regex(/^(-\S+( +|$))*$/, "options of Java that begin with a dash, separated by spaces")
    .default(""),

  KAFKA_BROKERS: optionalText,
  KAFKA_PORT: port(9092),
  KAFKA_CONTROLLER_PORT: port(9093),
  KAFKA_HEAP_MB: scaledCount(384),
  KAFKA_TOPIC: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,249}$/, "letters, digits, dots, underscores and dashes only")
    .default("user_events"),
  KAFKA_GROUP_ID: z.string().min(1).default("streaming"),
  KAFKA_PARTITIONS: count(4),
  KAFKA_REPLICATION_FACTOR: count(1),
  KAFKA_RETENTION_HOURS: count(168),
  KAFKA_RETENTION_BYTES: count(1_073_741_824),
  KAFKA_RETENTION_CHECK_MS: count(300_000),
  KAFKA_TLS: z.enum(["true", "false"]).default("false"),
  KAFKA_TLS_CA: certificateFile,
  KAFKA_SASL_MECHANISM: z.enum(["none", "plain", "scram-sha-256", "scram-sha-512"]).default("none"),
  KAFKA_SASL_USERNAME: optionalText,
  KAFKA_SASL_PASSWORD: secret,

  POSTGRES_HOST: z.string().min(1).default("127.0.0.1"),
  POSTGRES_PORT: port(5432),
  POSTGRES_DB: z.string().min(1).default("data_platform_demo"),
  POSTGRES_USER: z.string().min(1).default("demo_user"),
  POSTGRES_PASSWORD: secret,
  POSTGRES_ADMIN_PASSWORD: secret,
  POSTGRES_INGEST_PASSWORD: secret,
  POSTGRES_TRANSFORM_PASSWORD: secret,
  POSTGRES_READ_PASSWORD: secret,
  POSTGRES_SSLMODE: z.enum(["disable", "require", "verify-full"]).default("disable"),
  POSTGRES_SSL_CA: certificateFile,
  POSTGRES_SHARED_BUFFERS_MB: scaledCount(256),

  PRODUCER_RATE: number().min(0).default(1),
  PRODUCER_METRICS_PORT: port(9480),
  CONSUMER_METRICS_PORT: port(9464),
  CONSUMER_TRANSACTION_DELAY_MS_MAX: number().int().min(0).max(10_000).default(500),
  CONSUMER_SESSION_TIMEOUT_MS: number().int().min(6_000).max(1_800_000).default(10_000),
  CONSUMER_LOST_RECORDS: z.enum(["stop", "accept"]).default("stop"),
  /** As long as the log keeps its records, unless it is set. */
  DUPLICATE_HORIZON_HOURS: number().int().min(1).optional(),

  TRANSFORM_SCHEDULE: z
    .string()
    .regex(SCHEDULE, "must be a cron expression of five fields, or a number of seconds from 5 on")
    .default("* * * * *"),
  AIRFLOW_PORT: port(8080),
  AIRFLOW_ADMIN_PASSWORD: secret,
  AIRFLOW_POSTGRES_DB: z.string().min(1).default("airflow"),
  AIRFLOW_POSTGRES_PASSWORD: secret,
  AIRFLOW_SECRET_KEY: secret,
  AIRFLOW_JWT_SECRET: formedSecret(/^.{64,}$/, "must be at least 64 characters long"),
  AIRFLOW_FERNET_KEY: formedSecret(
    /^[\w-]{43}=$/,
    "must be 32 random bytes in URL-safe base64, with its `=`",
  ),
  AIRFLOW_DAGS_FOLDER: z.string().default(join(ROOT, "airflow/dags")),
  AIRFLOW_RETENTION_DAYS: count(7),
  AIRFLOW_PARALLEL_TASKS: scaledCount(2),
  ALERT_WEBHOOK_URL: optionalWebAddress.meta(SECRET),
  OPENLINEAGE_URL: optionalWebAddress,
  OPENLINEAGE_API_KEY: secret,

  TRINO_URL: optionalWebAddress,
  TRINO_TLS_CA: certificateFile,
  TRINO_PORT: port(8083),
  TRINO_WORKER_PORT: port(8084),
  TRINO_HEAP_MB: scaledCount(512),
  TRINO_BIND_ADDRESS: z
    .union([z.ipv4(), z.ipv6()], "must be an IP address, or 0.0.0.0 for all of this machine")
    .default("127.0.0.1"),
  TRINO_SECURED: z.enum(["true", "false"]).default("false"),
  TRINO_TLS_CERTIFICATE: certificateFile,
  TRINO_TLS_NAMES: z
    .string()
    .regex(HOST_NAMES, "must be host names or IP addresses, separated by commas")
    .optional(),
  TRINO_PASSWORD: trinoPassword,
  TRINO_SUPERSET_PASSWORD: trinoPassword,
  TRINO_SHARED_SECRET: formedSecret(/^.{32,}$/, "must be at least 32 characters long"),

  SUPERSET_PORT: port(8088),
  SUPERSET_ADMIN_PASSWORD: secret,
  SUPERSET_POSTGRES_DB: z.string().min(1).default("superset"),
  SUPERSET_POSTGRES_PASSWORD: secret,
  SUPERSET_SECRET_KEY: secret,
  SUPERSET_GUEST_TOKEN_SECRET: secret,
  SUPERSET_ASYNC_QUERY_SECRET: secret,
  SUPERSET_THREADS: scaledCount(8),
  SUPERSET_ASSETS_FOLDER: z.string().default(join(ROOT, "superset/assets")),
  SUPERSET_PUBLIC: z.enum(["true", "false"]).default("false"),
  SUPERSET_BEHIND_PROXY: z.enum(["true", "false"]).default("false"),
  SUPERSET_PUBLIC_URL: optionalWebAddress,

  SUMMARY_URL: optionalWebAddress,
  SUMMARY_PORT: port(8085),
  SUMMARY_SECRET: formedSecret(/^[!-~]{32,}$/, "must be 32 letters, digits and signs or more"),
  SUMMARY_TOP_USERS: z.enum(["true", "false"]).default("false"),
  SUMMARY_PUBLIC_URL: optionalWebAddress,

  WORKER_URL: optionalWebAddress,
  WORKER_PORT: port(8787),
  ACCESS_CLIENT_ID: optionalText,
  ACCESS_CLIENT_SECRET: secret,
  CLOUDFLARE_TUNNEL_TOKEN: secret,
  CLOUDFLARE_API_TOKEN: secret,

  CODESPACE_NAME: optionalText,
  GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: optionalText,
});

type Environment = z.infer<typeof environmentSchema>;

export type Config = Omit<Environment, "KAFKA_BROKERS" | "DUPLICATE_HORIZON_HOURS"> & {
  /** `host:port` of each bootstrap broker. */
  KAFKA_BROKERS: string[];
  DUPLICATE_HORIZON_HOURS: number;
};

/** Names of all settings, for the test that keeps `.env.example` complete. */
export const settingNames = Object.keys(environmentSchema.shape);

/** Names of those whose value must never be printed. */
export const secretSettings = Object.entries(environmentSchema.shape)
  .filter(([, { meta }]) => meta()?.isSecret)
  .map(([name]) => name);

/** Settings that contradict the others without a secret: a program that may not know it gets none. */
export const companions: Record<string, string[]> = {
  KAFKA_SASL_PASSWORD: ["KAFKA_SASL_MECHANISM", "KAFKA_SASL_USERNAME"],
  ACCESS_CLIENT_SECRET: ["ACCESS_CLIENT_ID"],
};

/** Names of those whose default grows with MEMORY_SCALE; one that is set stays as it is. */
const scaledSettings = Object.entries(environmentSchema.shape)
  .filter(([, { meta }]) => meta()?.isScaled)
  .map(([name]) => name);

/**
 * Reads and checks every setting.
 * @throws ConfigError naming each faulty setting, its value unless secret, and what is wrong
 */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const present = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = environmentSchema.safeParse(present);
  if (!parsed.success) {
    throw settingsError(
      parsed.error.issues.map((issue) => {
        const name = issue.path.join(".");
        const shown = secretSettings.includes(name) ? "" : `, current value is ${present[name]}`;
        return `${name}: ${issue.message}${shown}`;
      }),
    );
  }
  const config = parsed.data;
  const contradictions = contradictionsOf(config);
  if (contradictions.length > 0) throw settingsError(contradictions);
  const brokers = (config.KAFKA_BROKERS ?? `127.0.0.1:${config.KAFKA_PORT}`)
    .split(",")
    .map((broker) => broker.trim());
  return {
    ...config,
    ...scaledDefaults(config, present),
    STATE_DIR: resolve(config.STATE_DIR),
    CACHE_DIR: resolve(config.CACHE_DIR),
    AIRFLOW_DAGS_FOLDER: resolve(config.AIRFLOW_DAGS_FOLDER),
    SUPERSET_ASSETS_FOLDER: resolve(config.SUPERSET_ASSETS_FOLDER),
    KAFKA_BROKERS: brokers,
    DUPLICATE_HORIZON_HOURS: config.DUPLICATE_HORIZON_HOURS ?? config.KAFKA_RETENTION_HOURS,
  };
}

function scaledDefaults(
  config: Environment,
  present: Record<string, string | undefined>,
): Partial<Config> {
  const names = scaledSettings.filter((name) => present[name] === undefined);
  return Object.fromEntries(
    names.map((name) => [
      name,
      Math.floor(Number(config[name as keyof typeof config]) * config.MEMORY_SCALE),
    ]),
  );
}

const settingsError = (faults: string[]) =>
  new ConfigError(`Cannot read the settings:\n${faults.map((fault) => `  ${fault}`).join("\n")}`);

/** Addresses that only programs of this machine can reach. */
const LOOPBACK = /^(127\.|::1$)/;

/** Settings that do not go together; one without effect would give a false sense of security. */
function contradictionsOf(config: z.infer<typeof environmentSchema>): string[] {
  const logsIn = config.KAFKA_SASL_MECHANISM !== "none";
  const securesTrino = config.TRINO_SECURED === "true";
  const rules: [boolean, string][] = [
    [
      logsIn && !config.KAFKA_SASL_USERNAME,
      "KAFKA_SASL_USERNAME: needed when KAFKA_SASL_MECHANISM is set",
    ],
    [
      logsIn && !config.KAFKA_SASL_PASSWORD,
      "KAFKA_SASL_PASSWORD: needed when KAFKA_SASL_MECHANISM is set",
    ],
    [
      config.KAFKA_TLS_CA !== undefined && config.KAFKA_TLS !== "true",
      "KAFKA_TLS_CA: has no effect unless KAFKA_TLS is true",
    ],
    [
      config.POSTGRES_SSL_CA !== undefined && config.POSTGRES_SSLMODE !== "verify-full",
      "POSTGRES_SSL_CA: has no effect unless POSTGRES_SSLMODE is verify-full",
    ],
    [
      !securesTrino && !LOOPBACK.test(config.TRINO_BIND_ADDRESS),
      `TRINO_BIND_ADDRESS: lets other machines in, which needs TRINO_SECURED to be true, current value is ${config.TRINO_BIND_ADDRESS}`,
    ],
    [
      securesTrino && config.TRINO_URL?.startsWith("http:") === true,
      "TRINO_URL: must begin with https:// when TRINO_SECURED is true",
    ],
    [
      !securesTrino && config.TRINO_TLS_CERTIFICATE !== undefined,
      "TRINO_TLS_CERTIFICATE: has no effect unless TRINO_SECURED is true",
    ],
    [
      (config.ACCESS_CLIENT_ID === undefined) !== (config.ACCESS_CLIENT_SECRET === undefined),
      "ACCESS_CLIENT_ID: goes together with ACCESS_CLIENT_SECRET, and only one of them is set",
    ],
    [
      config.TRINO_TLS_NAMES !== undefined && !(securesTrino && !config.TRINO_TLS_CERTIFICATE),
      "TRINO_TLS_NAMES: has no effect unless TRINO_SECURED is true and TRINO_TLS_CERTIFICATE empty",
    ],
  ];
  return rules.filter(([isBroken]) => isBroken).map(([, fault]) => fault);
}
