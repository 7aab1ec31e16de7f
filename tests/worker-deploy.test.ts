/** worker:deploy as far as possible without an account: checks, the build, and the upload. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../scripts/lib/wait.ts";
import { FakeCloudflare } from "./harness/fake-cloudflare.ts";
import { commandLines } from "./harness/processes.ts";
import { type Environment, run, start } from "./harness/script.ts";

setDefaultTimeout(60_000);

const SECRET = "a secret of the tests, which nobody shall read";
const SCRIPT = "scripts/worker-deploy.ts";

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "deploy-test-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** A home without a login, and a folder that shows every temporary file. */
const environment = (settings: Environment = {}): Environment => ({
  PATH: process.env.PATH ?? "",
  HOME: scratch,
  TMPDIR: scratch,
  ...settings,
});

const complete = {
  SUMMARY_SECRET: SECRET.replaceAll(/\W+/g, "-"),
  SUMMARY_PUBLIC_URL: "https://origin.example",
  SUPERSET_PUBLIC_URL: "https://dashboard.example",
};

test("worker:deploy --dry-run needs no setting and no account, and leaves nothing", async () => {
  const { exitCode, stdout } = await run(environment(), SCRIPT, ["--dry-run"]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "The Worker can be deployed\n" });
  // Bun's cache of translated files.
  expect(readdirSync(scratch).filter((name) => name !== ".bun")).toEqual([]);
});

for (const [name, settings, said] of [
  ["the secret is not set", { SUMMARY_SECRET: "" }, "SUMMARY_SECRET"],
  ["the origin has no public address", { SUMMARY_PUBLIC_URL: "" }, "it is not set"],
  [
    "the origin's address is not encrypted",
    { SUMMARY_PUBLIC_URL: "http://origin.example" },
    "current value is http://origin.example",
  ],
  ["no account is given", {}, "CLOUDFLARE_API_TOKEN"],
] as const) {
  test(`worker:deploy refuses with status 2 when ${name}`, async () => {
    const { exitCode, stderr } = await run(environment({ ...complete, ...settings }), SCRIPT);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(said);
  });
}

test("worker:deploy sends the Worker, its page and its secrets, and shows these to nobody else", async () => {
  const cloudflare = new FakeCloudflare();
  const settings = { ...complete, ACCESS_CLIENT_ID: "the-id", ACCESS_CLIENT_SECRET: "hidden-too" };
  try {
    const { exitCode, stdout, stderr } = await run(
      environment({ ...cloudflare.environment, ...settings }),
      SCRIPT,
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect([...cloudflare.authorizations]).toEqual(["Bearer the token of the tests"]);
    expect(cloudflare.files).toContain("/robots.txt");
    expect(cloudflare.crons).toEqual(["* * * * *"]);
    const bound = cloudflare.bindings.map(({ name, type, text = "" }) => [name, type, text]);
    expect(bound).toEqual(
      expect.arrayContaining([
        ["SUMMARY_URL", "plain_text", "https://origin.example"],
        ["SUPERSET_URL", "plain_text", "https://dashboard.example"],
        ["SUMMARY_SECRET", "secret_text", settings.SUMMARY_SECRET],
        ["ACCESS_CLIENT_ID", "secret_text", "the-id"],
        ["ACCESS_CLIENT_SECRET", "secret_text", "hidden-too"],
        ["SUMMARY_KEEPER", "durable_object_namespace", ""],
        ["CLIENT_LIMIT", "ratelimit", ""],
      ]),
    );
    expect(cloudflare.commandLines).toContain("wrangler");
    for (const hidden of [settings.SUMMARY_SECRET, "hidden-too", "the token of the tests"]) {
      expect(cloudflare.commandLines).not.toContain(hidden);
      expect(stdout).not.toContain(hidden);
    }
    expect(stdout).toContain("curl https://real-time-data-platform.tests.workers.dev/api/summary");
    expect(readdirSync(scratch).filter((name) => /worker|wrangler/.test(name))).toEqual([]);
  } finally {
    await cloudflare.stop();
  }
});

test("worker:deploy deletes the secrets that are set no more, and no other", async () => {
  const cloudflare = new FakeCloudflare();
  cloudflare.secrets = ["SUMMARY_SECRET", "ACCESS_CLIENT_ID", "ACCESS_CLIENT_SECRET", "OTHER"];
  try {
    const settings = environment({ ...cloudflare.environment, ...complete });
    const { exitCode, stdout, stderr } = await run(settings, SCRIPT);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(cloudflare.secrets).toEqual(["SUMMARY_SECRET", "OTHER"]);
    expect(stdout).toContain("Deleted the secret ACCESS_CLIENT_SECRET");
  } finally {
    await cloudflare.stop();
  }
});

test("worker:deploy says what to do when the account has no address for a Worker yet", async () => {
  const cloudflare = new FakeCloudflare();
  cloudflare.hasSubdomain = false;
  try {
    const settings = environment({ ...cloudflare.environment, ...complete });
    const { exitCode, stderr } = await run(settings, SCRIPT);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^Cannot deploy the Worker: the account has no subdomain/);
    expect(stderr).toMatch(/https:\/\/dash\.cloudflare\.com\/\w+\/workers\/onboarding, choose/);
  } finally {
    await cloudflare.stop();
  }
});

/** The command lines of this machine that name something in the test's folder. */
const running = (): string[] =>
  commandLines()
    .split("\n")
    .filter((line) => line.includes(scratch));

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  test(`worker:deploy leaves neither secrets nor wrangler when ${signal} ends it while it sends`, async () => {
    const cloudflare = new FakeCloudflare();
    const { promise, resolve } = Promise.withResolvers<void>();
    cloudflare.untilTaken = promise;
    const settings = environment({ ...cloudflare.environment, ...complete });
    const program = start(settings, SCRIPT);
    try {
      await until("the Worker is being sent", 30_000, async () => {
        if (cloudflare.bindings.length === 0) throw new Error("nothing has come");
      });
      expect(running().join()).toContain("secrets.json");
      program.kill(signal);
      const [exitCode, stderr] = await Promise.all([
        program.exited,
        new Response(program.stderr).text(),
      ]);
      expect({ exitCode, stderr }).toEqual({
        exitCode: status,
        stderr: expect.stringContaining(`Stopped by ${signal}`),
      });
      expect(running()).toEqual([]);
      expect(readdirSync(scratch).filter((name) => /worker|wrangler/.test(name))).toEqual([]);
    } finally {
      program.kill("SIGKILL");
      resolve();
      await cloudflare.stop();
    }
  });
}
