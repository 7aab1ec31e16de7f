/**
 * Clusters as companies run them, reached by settings alone: Kafka over TLS with each kind of
 * login, PostgreSQL over TLS only. Each refusal names the setting to change, in bounded time.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT, readConfig } from "../scripts/lib/config.ts";
import { connect } from "../scripts/lib/postgres.ts";
import { startConsumer, stopConsumer } from "./harness/consumers.ts";
import { makeEvents } from "./harness/events.ts";
import type { Place } from "./harness/platform.ts";
import { type Environment, type Finished, run, runOrThrow, start } from "./harness/script.ts";
import { KAFKA_USERS } from "./harness/secured-kafka.ts";
import { SecuredServices } from "./harness/secured-services.ts";
import { differences, readCounts, untilRead } from "./harness/tables.ts";

setDefaultTimeout(300_000);

/** Longer than the minute for which a consumer waits for a Kafka that is down. */
const REFUSAL_MS_MAX = 120_000;
/** Another name of the servers than `localhost`, for which their certificates are. */
const OTHER_HOST = "127.0.0.1";

let secured: SecuredServices;
let good: Environment;
let events: string;

beforeAll(async () => {
  secured = await SecuredServices.start("localhost");
  good = settings("scram-sha-512");
  events = join(good.STATE_DIR!, "event.ndjson");
  writeFileSync(events, `${makeEvents(1).lines[0]}\n`);
  // Consumers check PostgreSQL first: to get as far as Kafka, they need its tables.
  await runOrThrow(good, "scripts/migrate.ts", ["--wait", "120"]);
});
afterAll(() => secured?.stop());

const settings: SecuredServices["access"] = (...given) => secured.access(...given);

/** A topic, a consumer group and a database called `name`. */
async function place(name: string, access: Environment): Promise<Place> {
  const environment = { ...access, KAFKA_TOPIC: name, KAFKA_GROUP_ID: name, POSTGRES_DB: name };
  const admin = connect(readConfig(access), "admin", {});
  const config = readConfig(environment);
  await admin`create database ${admin(name)} owner ${admin(config.POSTGRES_USER)}`;
  await admin.end({ timeout: 1 });
  return { environment, config, sql: connect(config, "owner") };
}

/** Runs a program that should end on its own. One that does not is killed, and the test fails. */
async function runBounded(environment: Environment, script: string, args: string[] = []) {
  const program = start(environment, script, args);
  const deadline = setTimeout(() => program.kill("SIGKILL"), REFUSAL_MS_MAX);
  const [exitCode, stderr] = await Promise.all([
    program.exited,
    new Response(program.stderr).text(),
  ]);
  clearTimeout(deadline);
  return { exitCode, stderr };
}

type Refused = Pick<Finished, "exitCode" | "stderr">;

const programs: Record<string, (environment: Environment) => Promise<Refused>> = {
  migrate: (environment) => runBounded(environment, "scripts/migrate.ts"),
  consume: (environment) => runBounded(environment, "scripts/consume.ts"),
  produce: (environment) =>
    runBounded(environment, "scripts/produce.ts", ["--from", events, "--wait", "0"]),
};

/**
 * The last line names the fault; with the name of the program, for the message of a failed test.
 */
async function endOf(program: string, environment: Environment) {
  const { exitCode, stderr } = await programs[program]!(environment);
  return `${program} ended with ${exitCode}: ${stderr.trimEnd().split("\n").at(-1)}`;
}

for (const mechanism of ["plain", "scram-sha-256", "scram-sha-512"] as const) {
  test(`migrate, produce, consume and verify work over TLS when Kafka wants a login with ${mechanism}`, async () => {
    const name = mechanism.replaceAll("-", "_");
    const { environment, config, sql } = await place(name, settings(mechanism));
    const { lines, counts } = makeEvents(5_000, { seed: name.length });
    const path = join(config.STATE_DIR, `${name}.ndjson`);
    writeFileSync(path, `${lines.join("\n")}\n`);
    const migrated = await runOrThrow(environment, "scripts/migrate.ts");
    expect(migrated).toContain(`Created topic ${name}`);
    await runOrThrow(environment, "scripts/produce.ts", ["--from", path]);
    const consumer = await startConsumer({ environment, config, sql });
    try {
      await untilRead(sql, 5_000);
      expect(differences(counts, await readCounts(sql))).toEqual([]);
      const verified = await run(environment, "scripts/verify.ts", ["--recount"]);
      expect(verified).toMatchObject({ exitCode: 0, stderr: "" });
      expect(verified.stdout).toContain("Every event counts once");
    } finally {
      expect(await stopConsumer(consumer)).toBe(0);
      await sql.end({ timeout: 1 });
    }
  });
}

/** Each fault, the settings that cause it, and the expected message. */
type Fault = [string, () => Environment, RegExp];

const kafkaRefusals: Fault[] = [
  [
    "the password is another one",
    () => settings("scram-sha-512", { KAFKA_SASL_PASSWORD: "wrong" }),
    /Cannot log in to Kafka at localhost:\d+: .*; check .*KAFKA_SASL_PASSWORD$/,
  ],
  [
    "the user is known to another mechanism only",
    () => settings("plain", { KAFKA_SASL_USERNAME: KAFKA_USERS["scram-sha-256"].name }),
    /Cannot log in to Kafka at localhost:\d+: .*; check KAFKA_SASL_MECHANISM, /,
  ],
  [
    "nothing says whom to trust",
    () => settings("scram-sha-512", { KAFKA_TLS_CA: "" }),
    /Cannot trust Kafka at localhost:\d+: .*; set KAFKA_TLS_CA /,
  ],
  [
    "another authority is trusted",
    () => settings("scram-sha-512", { KAFKA_TLS_CA: secured.stranger }),
    /Cannot trust Kafka at localhost:\d+: .*; set KAFKA_TLS_CA /,
  ],
  [
    "the certificate is for another host",
    () => settings("plain", { KAFKA_BROKERS: `${OTHER_HOST}:${good.KAFKA_PORT}` }),
    /Cannot trust Kafka at 127.0.0.1:\d+: its certificate is for another host; name it in KAFKA_BROKERS/,
  ],
];

/** These may pass, as far as a client can tell, so consumers wait a minute. */
const kafkaOutages: Fault[] = [
  [
    "they speak plaintext and it speaks TLS",
    () => settings("scram-sha-512", { KAFKA_TLS: "false", KAFKA_TLS_CA: "" }),
    /Cannot reach Kafka at localhost:\d+: it closed the connection; check KAFKA_TLS /,
  ],
  [
    "they do not log in",
    () => settings("scram-sha-512", { KAFKA_SASL_MECHANISM: "none" }),
    /Cannot reach Kafka at localhost:\d+: .* check KAFKA_TLS and KAFKA_SASL_MECHANISM/,
  ],
  [
    "they speak TLS and it speaks plaintext",
    () => settings("plain", { KAFKA_BROKERS: `localhost:${good.KAFKA_CONTROLLER_PORT}` }),
    /Cannot reach Kafka at localhost:\d+: .*; check KAFKA_TLS, it may not speak TLS there$/,
  ],
];

async function expectEnds(environment: Environment, message: RegExp): Promise<void> {
  const ends = await Promise.all(Object.keys(programs).map((name) => endOf(name, environment)));
  for (const end of ends) {
    expect(end).toContain(" ended with 1: ");
    expect(end).toMatch(message);
  }
}

for (const [fault, environment, message] of kafkaRefusals) {
  test(`migrate, produce and consume say what to change and end when ${fault}`, () =>
    expectEnds(environment(), message));
}
for (const [fault, environment, message] of kafkaOutages) {
  test.concurrent(`migrate, produce and consume say what to check and end when ${fault}`, () =>
    expectEnds(environment(), message));
}

test("migrate and produce trust the authorities of the machine when no file names others", async () => {
  const machine = { SSL_CERT_FILE: secured.authority, KAFKA_TLS_CA: "", POSTGRES_SSL_CA: "" };
  const environment = settings("scram-sha-256", machine);
  const migrated = await runOrThrow(environment, "scripts/migrate.ts");
  expect(migrated).toContain("The database is up to date");
  await runOrThrow(environment, "scripts/produce.ts", ["--from", events]);
});

test("migrate and consume reach PostgreSQL when POSTGRES_SSLMODE is require, with any certificate", async () => {
  const environment = settings("plain", { POSTGRES_SSLMODE: "require", POSTGRES_SSL_CA: "" });
  const other = { ...environment, POSTGRES_HOST: OTHER_HOST };
  expect(await runOrThrow(other, "scripts/migrate.ts")).toContain("The database is up to date");
  const { environment: own, config, sql } = await place("required", other);
  await runOrThrow(own, "scripts/migrate.ts");
  const consumer = await startConsumer({ environment: own, config, sql });
  await runOrThrow(own, "scripts/produce.ts", ["--from", events]);
  await untilRead(sql, 1);
  expect(await stopConsumer(consumer)).toBe(0);
  await sql.end({ timeout: 1 });
});

const postgresRefusals: Fault[] = [
  [
    "POSTGRES_SSLMODE is disable",
    () => settings("plain", { POSTGRES_SSLMODE: "disable", POSTGRES_SSL_CA: "" }),
    /Cannot log in to PostgreSQL at localhost:\d+: .*no encryption; check POSTGRES_SSLMODE, which is disable/,
  ],
  [
    "nothing says whom to trust",
    () => settings("plain", { POSTGRES_SSL_CA: "" }),
    /Cannot trust PostgreSQL at localhost:\d+: .*; set POSTGRES_SSL_CA /,
  ],
  [
    "another authority is trusted",
    () => settings("plain", { POSTGRES_SSL_CA: secured.stranger }),
    /Cannot trust PostgreSQL at localhost:\d+: .*; set POSTGRES_SSL_CA /,
  ],
  [
    "the certificate is for another host",
    () => settings("plain", { POSTGRES_HOST: OTHER_HOST }),
    /Cannot trust PostgreSQL at 127.0.0.1:\d+: its certificate is for another host; name it in POSTGRES_HOST/,
  ],
  [
    "the password is another one",
    () => settings("plain", { POSTGRES_PASSWORD: "wrong", POSTGRES_INGEST_PASSWORD: "wrong" }),
    /Cannot log in to PostgreSQL at localhost:\d+: .*POSTGRES_(INGEST_)?PASSWORD/,
  ],
];

for (const [fault, environment, message] of postgresRefusals) {
  test(`migrate and consume say what to change for PostgreSQL and end when ${fault}`, async () => {
    for (const program of ["migrate", "consume"]) {
      const end = await endOf(program, environment());
      expect(end).toContain(" ended with 1: ");
      expect(end).toMatch(message);
    }
  });
}

test("consume refuses a certificate for another host when it runs under Deno", async () => {
  const program = Bun.spawn(
    [join(ROOT, "node_modules/deno/deno"), "run", "-A", "scripts/consume.ts"],
    { cwd: ROOT, env: settings("plain", { POSTGRES_HOST: OTHER_HOST }), stderr: "pipe" },
  );
  const deadline = setTimeout(() => program.kill("SIGKILL"), REFUSAL_MS_MAX);
  expect(await new Response(program.stderr).text()).toContain("Cannot trust PostgreSQL at");
  expect(await program.exited).toBe(1);
  clearTimeout(deadline);
});

test("migrate, produce and consume name the setting when a file of certificates is missing", async () => {
  const environment = settings("plain", { KAFKA_TLS_CA: "/nowhere/authority.pem" });
  for (const program of Object.keys(programs)) {
    expect(await endOf(program, environment)).toBe(
      `${program} ended with 2:   KAFKA_TLS_CA: there is no such file, current value is /nowhere/authority.pem`,
    );
  }
});
