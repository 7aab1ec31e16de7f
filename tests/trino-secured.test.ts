/**
 * Trino for other machines: over TLS, with a password, between a Kafka and a PostgreSQL that
 * require both, too. Once with its own certificate, and once with a given one.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { install } from "../scripts/host/install.ts";
import { ROOT, readConfig } from "../scripts/lib/config.ts";
import { queryRows } from "../scripts/lib/trino.ts";
import { GiveUp, until } from "../scripts/lib/wait.ts";
import { TRINO } from "../trino/install.ts";
import { answersTrino } from "../trino/probe.ts";
import { Authority } from "./harness/certificates.ts";
import { makeEvents } from "./harness/events.ts";
import { commandLines } from "./harness/processes.ts";
import { type Environment, run, runOrThrow } from "./harness/script.ts";
import { SecuredServices } from "./harness/secured-services.ts";

const MINUTES = 60_000;
setDefaultTimeout(4 * MINUTES);

const EVENTS = 100;

let secured: SecuredServices;
let settings: Environment;
let server: Bun.Subprocess | undefined;

/** Runs Trino with these settings beside the others until it accepts queries. */
async function startTrino(others: Environment): Promise<void> {
  settings = {
    ...secured.access("scram-sha-512"),
    TRINO_SECURED: "true",
    TRINO_PASSWORD: "password-of-query:%$",
    TRINO_SUPERSET_PASSWORD: "password-of-superset",
    TRINO_SHARED_SECRET: "a secret that the nodes share, of some length",
    ...others,
  };
  const log = join(settings.STATE_DIR!, "trino.log");
  const output = openSync(log, "w");
  const started = Bun.spawn([join(ROOT, "scripts/start"), "trino"], {
    env: settings,
    stdin: "ignore",
    stdout: output,
    stderr: output,
  });
  server = started;
  await until("Trino takes queries", 3 * MINUTES, async () => {
    if (started.exitCode !== null) throw new GiveUp(readFileSync(log, "utf8"));
    await answersTrino(readConfig(settings));
  });
}

async function stopTrino(): Promise<void> {
  server?.kill("SIGTERM");
  await server?.exited;
}

beforeAll(async () => {
  secured = await SecuredServices.start("localhost");
  const access = secured.access("scram-sha-512");
  await install(readConfig(access), [TRINO]);
  await runOrThrow(access, "scripts/migrate.ts", ["--wait", "120"]);
  const path = join(access.STATE_DIR!, "events.ndjson");
  writeFileSync(path, `${makeEvents(EVENTS).lines.join("\n")}\n`);
  await runOrThrow(access, "scripts/produce.ts", ["--from", path]);
  await startTrino({ TRINO_TLS_NAMES: "trino.example,10.1.2.3" });
}, 10 * MINUTES);

afterAll(async () => {
  await stopTrino();
  await secured?.stop();
}, 2 * MINUTES);

const query = (statement: string, others: Environment = {}) =>
  run({ ...settings, ...others }, "scripts/query.ts", ["--csv", "-e", statement]);

const post = (scheme: string, headers: Record<string, string> = {}) =>
  fetch(`${scheme}://127.0.0.1:${settings.TRINO_PORT}/v1/statement`, {
    method: "POST",
    headers,
    body: "select 1",
    tls: { rejectUnauthorized: false },
  });

const login = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

const BOTH = `select
  (select count(*) from kafka.streaming.user_events) as in_topic,
  (select count(*) from postgresql.streaming.user_events) as in_table`;

test("query reaches the topic and the tables when all three want TLS and a password", async () => {
  expect(await query(BOTH)).toMatchObject({
    exitCode: 0,
    stdout: `in_topic,in_table\r\n${EVENTS},0\r\n`,
  });
});

test("query says what to change when the password is another one", async () => {
  expect(await query("select 1", { TRINO_PASSWORD: "another-password" })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /^Cannot log in to Trino at https:\/\/127.0.0.1:\d+: Access Denied: Invalid credentials; check TRINO_PASSWORD/,
    ),
  });
  expect(await query("select 1", { TRINO_PASSWORD: "" })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("Cannot log in to Trino as query: TRINO_PASSWORD is not set"),
  });
});

test("Trino lets nobody in without a password, with a wrong one, or with another's name", async () => {
  expect((await post("https")).status).toBe(401);
  expect((await post("https", { "x-trino-user": "query" })).status).toBe(401);
  expect((await post("https", login("query", settings.TRINO_SUPERSET_PASSWORD!))).status).toBe(401);
  expect((await post("https", login("anna", "any-password"))).status).toBe(401);
  const [row] = await queryRows<{ user: string }>(
    readConfig(settings),
    'select current_user as "user"',
    { user: "superset" },
  );
  expect(row).toEqual({ user: "superset" });
  const other = await post("https", {
    ...login("query", settings.TRINO_PASSWORD!),
    "x-trino-user": "superset",
  });
  const { nextUri } = (await other.json()) as { nextUri: string };
  await until("it is decided", MINUTES, async () => {
    const response = await fetch(nextUri, {
      headers: login("query", settings.TRINO_PASSWORD!),
      tls: { rejectUnauthorized: false },
    });
    expect(await response.text()).toContain(
      "Access Denied: User query cannot impersonate user superset",
    );
  });
});

test("Trino speaks no plain HTTP", async () => {
  await expect(post("http", { "x-trino-user": "query" })).rejects.toThrow();
});

test("query trusts the certificate that Trino has made, and no other", async () => {
  expect(await query("select 1", { TRINO_TLS_CA: secured.stranger })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^Cannot trust Trino at .*; set TRINO_TLS_CA to a file/),
  });
  const url = `https://localhost:${settings.TRINO_PORT}`;
  expect(await query("select 1", { TRINO_URL: url })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(/^Cannot trust Trino at https:\/\/localhost:.*set TRINO_TLS_CA/),
  });
  const certificate = join(settings.STATE_DIR!, "trino/certificate.pem");
  expect(await query("select 1", { TRINO_URL: url, TRINO_TLS_CA: certificate })).toMatchObject({
    exitCode: 0,
  });
});

test("Trino's certificate is for the names that are set", async () => {
  const { subjectAltName } = new (await import("node:crypto")).X509Certificate(
    readFileSync(join(settings.STATE_DIR!, "trino/certificate.pem")),
  );
  for (const name of ["DNS:localhost", "IP Address:127.0.0.1", "DNS:trino.example"]) {
    expect(subjectAltName).toContain(name);
  }
  expect(subjectAltName).toContain("IP Address:10.1.2.3");
});

test("start keeps passwords out of the processes' arguments and in files of the owner", async () => {
  const files = ["etc/passwords", "etc/kafka-client.properties", "etc/config.properties"];
  for (const file of files) {
    const { mode } = statSync(join(settings.STATE_DIR!, "trino/coordinator", file));
    expect(mode & 0o077).toBe(0);
  }
  const secrets = ["TRINO_PASSWORD", "TRINO_SHARED_SECRET", "KAFKA_SASL_PASSWORD"];
  const running = commandLines();
  expect(running).toContain("trino");
  for (const name of secrets) expect(running).not.toContain(settings[name]!);
  const written = readFileSync(
    join(settings.STATE_DIR!, "trino/coordinator/etc/config.properties"),
  );
  expect(String(written)).not.toContain(settings.TRINO_SHARED_SECRET!);
  const environment = readFileSync(`/proc/${server!.pid}/environ`, "utf8").split("\0");
  const kept = environment.filter((line) => /(PASSWORD|SECRET|KEY)\w*=/.test(line));
  expect(kept.map((line) => line.split("=")[0]).toSorted()).toEqual([
    "POSTGRES_READ_PASSWORD",
    "TRINO_SHARED_SECRET",
  ]);
});

test("Trino serves the certificate that is given, and query reaches it by that name", async () => {
  await stopTrino();
  const authority = new Authority("Authority of Trino");
  const { certificate, key } = authority.issue("localhost");
  const path = (name: string) => join(settings.STATE_DIR!, name);
  writeFileSync(path("trino.pem"), key + certificate, { mode: 0o600 });
  writeFileSync(path("trino-authority.pem"), authority.certificate);
  await startTrino({
    TRINO_TLS_CERTIFICATE: path("trino.pem"),
    TRINO_TLS_CA: path("trino-authority.pem"),
    TRINO_URL: `https://localhost:${settings.TRINO_PORT}`,
  });
  expect(await query(BOTH)).toMatchObject({
    exitCode: 0,
    stdout: `in_topic,in_table\r\n${EVENTS},0\r\n`,
  });
  const written = readFileSync(path("trino/coordinator/etc/config.properties"), "utf8");
  expect(written).toContain(`\ndiscovery.uri=https://127.0.0.1:${settings.TRINO_PORT}\n`);
  expect(
    await query("select 1", { TRINO_URL: `https://127.0.0.1:${settings.TRINO_PORT}` }),
  ).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining("its certificate is for another host; name it in TRINO_URL"),
  });
});
