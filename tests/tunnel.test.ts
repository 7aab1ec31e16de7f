/**
 * `bun run tunnel` with a stand-in for cloudflared. It proves our half: arguments, environment,
 * reading of its output, restarts, ends and checks. No tunnel is opened.
 */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "../scripts/host/free-ports.ts";
import { until } from "../scripts/lib/wait.ts";
import { type Behaviour, StandIn } from "./harness/cloudflared.ts";
import { type Environment, run, start } from "./harness/script.ts";
import { startStack } from "./harness/stack.ts";
import { startTlsProxy } from "./harness/tls-proxy.ts";

setDefaultTimeout(60_000);

const SCRIPT = "scripts/tunnel.ts";
const TOKEN = Buffer.from(JSON.stringify({ a: "account", t: "tunnel", s: "secret" })).toString(
  "base64",
);
const DEADLINE_MS = 30_000;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

function install(behaviour?: Behaviour): StandIn {
  const standIn = new StandIn(behaviour);
  ends.push(() => standIn.remove());
  return standIn;
}

function settingsWith(further: Environment, standIn?: StandIn): Environment {
  const STATE_DIR = mkdtempSync(join(tmpdir(), "tunnel-test-"));
  ends.push(() => rmSync(STATE_DIR, { recursive: true, force: true }));
  const PATH = standIn ? `${standIn.folder}:/usr/bin:/bin` : STATE_DIR;
  return { PATH, HOME: STATE_DIR, STATE_DIR, ...further };
}

/** A running `bun run tunnel`, with its output so far. */
class Tunnel {
  output = "";
  readonly #program: ReturnType<typeof start>;

  constructor(settings: Environment, args: string[] = []) {
    this.#program = start(settings, SCRIPT, args);
    for (const stream of [this.#program.stdout, this.#program.stderr]) void this.#read(stream);
    ends.push(() => this.#program.kill("SIGKILL"));
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.output += decoder.decode(chunk, { stream: true });
  }

  untilSays(text: string): Promise<void> {
    return until(`it says ${text}`, DEADLINE_MS, async () => {
      if (!this.output.includes(text)) throw new Error(`it says: ${this.output}`);
    });
  }

  stop(signal: "SIGTERM" | "SIGINT" | "SIGHUP" = "SIGTERM"): Promise<number> {
    this.#program.kill(signal);
    return this.#program.exited;
  }

  get exited(): Promise<number> {
    return this.#program.exited;
  }
}

/** Serves on loopback until the test ends. */
function serve(answer: (path: string, request: Request) => Response): number {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => answer(new URL(request.url).pathname, request),
  });
  ends.push(() => server.stop(true));
  return server.port!;
}

/** The summary origin's answer to a request without the secret. */
const closedOrigin = (path: string) =>
  path === "/healthz" ? Response.json({ ok: true }) : new Response("", { status: 401 });

/**
 * A public address with TLS in front of an origin, and the settings that make programs trust it.
 */
function publish(port: number): { origin: string; settings: Environment } {
  const proxy = startTlsProxy("127.0.0.1", port, "203.0.113.7");
  ends.push(() => proxy.stop());
  const folder = mkdtempSync(join(tmpdir(), "tunnel-test-"));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  const NODE_EXTRA_CA_CERTS = join(folder, "authority.pem");
  writeFileSync(NODE_EXTRA_CA_CERTS, proxy.authority);
  return { origin: proxy.origin, settings: { NODE_EXTRA_CA_CERTS } };
}

test("tunnel says how to get cloudflared on each system when it is not installed", async () => {
  const { exitCode, stderr } = await run(settingsWith({}), SCRIPT);
  expect(exitCode).toBe(1);
  expect(stderr).toStartWith("Cannot open a tunnel: cloudflared is not in PATH.");
  for (const part of [
    "apt-get install cloudflared",
    "brew install cloudflared",
    "winget install",
  ]) {
    expect(stderr).toContain(part);
  }
});

test("tunnel opens a quick tunnel to the origin alone, names its address, and ends with it", async () => {
  const standIn = install();
  const SUMMARY_PORT = String(serve(closedOrigin));
  const secret = "s".repeat(40);
  const settings = settingsWith(
    { SUMMARY_PORT, SUMMARY_SECRET: secret, ACCESS_CLIENT_ID: "a", ACCESS_CLIENT_SECRET: "b" },
    standIn,
  );
  const tunnel = new Tunnel(settings);
  await tunnel.untilSays("SUMMARY_PUBLIC_URL=https://stand-in-number-1.trycloudflare.com\n");
  expect(tunnel.output).toContain("bun run worker:deploy");
  expect(tunnel.output).toContain("Anyone who has the address reaches");
  expect(tunnel.output).not.toContain("wrong");
  const [only, ...others] = standIn.starts;
  expect(others).toEqual([]);
  expect(only!.args).toEqual([
    ...["tunnel", "--no-autoupdate", "--metrics", expect.stringMatching(/^127\.0\.0\.1:\d+$/)],
    ...["--grace-period", "5s", "--config", join(settings.STATE_DIR!, "tunnel/config.yml")],
    ...["--proxy-keepalive-timeout", "4s", "--url", `http://127.0.0.1:${SUMMARY_PORT}`],
  ]);
  expect(only!.environment).toMatchObject({ HOME: settings.HOME!, PATH: settings.PATH! });
  expect(JSON.stringify(only!.environment)).not.toContain(secret);
  expect(only!.environment).not.toHaveProperty("ACCESS_CLIENT_ID");
  expect(await tunnel.stop("SIGINT")).toBe(0);
  expect(standIn.alive).toEqual([]);
});

test("tunnel asks cloudflared's metrics port for the address when the log does not tell it", async () => {
  const tunnel = new Tunnel(settingsWith({}, install({ isAddressUntold: true })));
  await tunnel.untilSays("SUMMARY_PUBLIC_URL=https://stand-in-number-1.trycloudflare.com\n");
  expect(await tunnel.stop("SIGHUP")).toBe(0);
});

test("tunnel warns when the service that it leads to does not answer", async () => {
  const [SUMMARY_PORT] = (await freePorts(1)).map(String) as [string];
  const tunnel = new Tunnel(settingsWith({ SUMMARY_PORT }, install()));
  await tunnel.untilSays(`summary does not answer at 127.0.0.1:${SUMMARY_PORT}`);
  await tunnel.untilSays("`bun run up summary` starts it");
  expect(await tunnel.stop()).toBe(0);
});

test("tunnel starts cloudflared again when it has died, and names the new address", async () => {
  const standIn = install({ failures: 2 });
  const tunnel = new Tunnel(settingsWith({}, standIn));
  await tunnel.untilSays("stand-in-number-3.trycloudflare.com");
  expect(tunnel.output).toContain("is down: cloudflared ended with 1; next attempt in 1 s");
  expect(tunnel.output).toContain("next attempt in 2 s");
  process.kill(standIn.starts.at(-1)!.processId, "SIGKILL");
  await tunnel.untilSays("stand-in-number-4.trycloudflare.com  (another one than before)");
  expect(tunnel.output).toContain("cloudflared ended with SIGKILL");
  expect(await tunnel.stop()).toBe(0);
  expect(standIn.alive).toEqual([]);
});

test("tunnel gives up after five failures in a row, with the last lines of the log", async () => {
  const standIn = install({ failures: 99 });
  const { exitCode, stderr } = await run(settingsWith({}, standIn), SCRIPT);
  expect(exitCode).toBe(1);
  expect(standIn.starts.length).toBe(5);
  expect(stderr).toContain("Cannot keep the tunnel to summary open: cloudflared ended with 1");
  expect(stderr).toContain('  failed to request quick Tunnel: Post "https://api.tryc');
});

test("tunnel kills a cloudflared that does not end when it is told to", async () => {
  const standIn = install({ ignoresSignals: true });
  const tunnel = new Tunnel(settingsWith({}, standIn));
  await tunnel.untilSays("SUMMARY_PUBLIC_URL=");
  const began = performance.now();
  expect(await tunnel.stop()).toBe(0);
  expect(standIn.alive).toEqual([]);
  expect(performance.now() - began).toBeGreaterThan(9_000);
});

test("tunnel runs the named tunnel by a token that is in no argument and no output", async () => {
  const standIn = install({ saysToken: true });
  const port = serve(closedOrigin);
  const { origin, settings } = publish(port);
  const tunnel = new Tunnel(
    settingsWith(
      {
        ...settings,
        CLOUDFLARE_TUNNEL_TOKEN: TOKEN,
        SUMMARY_PORT: String(port),
        SUMMARY_PUBLIC_URL: origin,
      },
      standIn,
    ),
  );
  await tunnel.untilSays(`ok     ${origin}/summary refuses requests without SUMMARY_SECRET`);
  expect(tunnel.output).toStartWith("Runs the named tunnel of CLOUDFLARE_TUNNEL_TOKEN");
  expect(tunnel.output).toContain(`\nsummary   ${origin}\n`);
  expect(tunnel.output).toContain("superset  SUPERSET_PUBLIC_URL is not set");
  expect(tunnel.output).toContain("ERR a line with [secret] in it");
  expect(tunnel.output).not.toContain("wrong");
  const [{ args, environment }] = standIn.starts as [StandIn["starts"][number]];
  expect(args.slice(0, 3)).toEqual(["tunnel", "--no-autoupdate", "--metrics"]);
  expect(args.at(-1)).toBe("run");
  expect(environment.TUNNEL_TOKEN).toBe(TOKEN);
  expect(environment).not.toHaveProperty("CLOUDFLARE_TUNNEL_TOKEN");
  expect(await tunnel.stop()).toBe(0);
  expect(tunnel.output + JSON.stringify(args)).not.toContain(TOKEN);
});

test("tunnel finds nothing wrong with the summary origin as it is", async () => {
  const stack = await startStack({ services: ["summary"] });
  ends.push(() => stack.stop());
  const { origin, settings } = publish(stack.config.SUMMARY_PORT);
  const standIn = install();
  const named = { CLOUDFLARE_TUNNEL_TOKEN: TOKEN, SUMMARY_PUBLIC_URL: origin };
  const tunnel = new Tunnel({
    ...stack.settings,
    ...settings,
    ...named,
    PATH: `${standIn.folder}:${stack.settings.PATH}`,
  });
  await tunnel.untilSays(`ok     ${origin}/summary refuses requests without SUMMARY_SECRET`);
  expect(tunnel.output).toContain(`ok     ${origin}/healthz answers`);
  expect(tunnel.output).not.toContain("wrong");
  expect(await tunnel.stop()).toBe(0);
}, 180_000);

test("tunnel sends nothing to an address without TLS, where everyone could read the secret", async () => {
  let requests = 0;
  const port = serve(() => new Response(String(++requests)));
  const named = {
    CLOUDFLARE_TUNNEL_TOKEN: TOKEN,
    SUMMARY_PUBLIC_URL: `http://127.0.0.1:${port}`,
  };
  const tunnel = new Tunnel(settingsWith(named, install()));
  await tunnel.untilSays("has no TLS: the Worker would send its secret for everyone to read");
  expect(requests).toBe(0);
  expect(await tunnel.stop()).toBe(0);
});

test("tunnel fails at once when the token is none", async () => {
  const standIn = install({ isTokenWrong: true });
  const settings = settingsWith({ CLOUDFLARE_TUNNEL_TOKEN: TOKEN }, standIn);
  const { exitCode, stdout, stderr } = await run(settings, SCRIPT);
  expect(exitCode).toBe(1);
  expect(standIn.starts.length).toBe(1);
  expect(stderr).toContain("CLOUDFLARE_TUNNEL_TOKEN is no token of a tunnel");
  expect(stdout + stderr).not.toContain(TOKEN);
});

/** The answer of each public address, and the expected finding for the operator. */
const ACCESS_LOGIN = "https://team.cloudflareaccess.com/cdn-cgi/access/login/x";
const toLogin = () => new Response("", { status: 302, headers: { location: ACCESS_LOGIN } });
const FINDINGS: Record<string, [(path: string, request: Request) => Response, string]> = {
  "the origin is open": [() => Response.json({}), "/summary answers 200 to a request without"],
  "the service is down": [
    () => new Response("", { status: 502 }),
    "on this machine does not answer",
  ],
  "the name has no route": [() => new Response("", { status: 404 }), "has no route for this name"],
  "Access refuses the token": [toLogin, "Access refuses the service token"],
  "Access lets only the token in": [
    (path, { headers }) =>
      headers.get("cf-access-client-id") === "worker.access" &&
      headers.get("cf-access-client-secret") === "token-secret"
        ? closedOrigin(path)
        : toLogin(),
    "is behind Access, which refuses requests without a service token",
  ],
  "Access is missing": [closedOrigin, "is not behind Access, although ACCESS_CLIENT_ID is set"],
};

test.each(Object.entries(FINDINGS))(
  "tunnel reports through the public address when %s",
  async (_, [answer, finding]) => {
    const { origin, settings } = publish(serve(answer));
    const access = { ACCESS_CLIENT_ID: "worker.access", ACCESS_CLIENT_SECRET: "token-secret" };
    const named = { CLOUDFLARE_TUNNEL_TOKEN: TOKEN, SUMMARY_PUBLIC_URL: origin, ...access };
    const tunnel = new Tunnel(settingsWith({ ...settings, ...named }, install()));
    await tunnel.untilSays(finding);
    expect(tunnel.output).not.toContain("token-secret");
    expect(await tunnel.stop()).toBe(0);
  },
);

test("tunnel refuses Superset when SUPERSET_BEHIND_PROXY is not set, and starts nothing", async () => {
  const standIn = install();
  const quick = await run(settingsWith({}, standIn), SCRIPT, ["--superset"]);
  const named = await run(
    settingsWith(
      { CLOUDFLARE_TUNNEL_TOKEN: TOKEN, SUPERSET_PUBLIC_URL: "https://dashboard.example.com" },
      standIn,
    ),
    SCRIPT,
  );
  for (const { exitCode, stderr } of [quick, named]) {
    expect(exitCode).toBe(2);
    expect(stderr).toContain("SUPERSET_BEHIND_PROXY is false, so its cookies would not be secure");
    expect(stderr).toContain("`bun run up`, which restarts Superset");
  }
  expect(standIn.starts).toEqual([]);
});

const superset = (cookie: string) => (path: string) =>
  path === "/login/" ? new Response("", { headers: { "set-cookie": cookie } }) : new Response("OK");

test("tunnel refuses a Superset that still runs without SUPERSET_BEHIND_PROXY", async () => {
  const standIn = install();
  const SUPERSET_PORT = String(serve(superset("session=x; HttpOnly; Path=/; SameSite=Lax")));
  const settings = settingsWith({ SUPERSET_PORT, SUPERSET_BEHIND_PROXY: "true" }, standIn);
  const { exitCode, stderr } = await run(settings, SCRIPT, ["--superset"]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("it still runs without SUPERSET_BEHIND_PROXY");
  expect(standIn.starts).toEqual([]);
});

test("tunnel opens a second quick tunnel to Superset when asked, and says what it lets in", async () => {
  const standIn = install();
  const SUPERSET_PORT = String(serve(superset("session=x; Secure; HttpOnly; Path=/")));
  const settings = { SUPERSET_PORT, SUPERSET_BEHIND_PROXY: "true", SUPERSET_PUBLIC: "true" };
  const tunnel = new Tunnel(settingsWith(settings, standIn), ["--superset"]);
  await tunnel.untilSays("SUPERSET_PUBLIC_URL=https://stand-in-number-");
  await tunnel.untilSays("SUMMARY_PUBLIC_URL=https://stand-in-number-");
  expect(tunnel.output).toContain("- of Superset: its login and, because SUPERSET_PUBLIC is true");
  expect(standIn.starts.map(({ args }) => args.at(-1))).toContain(
    `http://127.0.0.1:${SUPERSET_PORT}`,
  );
  expect(standIn.alive.length).toBe(2);
  expect(await tunnel.stop()).toBe(0);
  expect(standIn.alive).toEqual([]);
});

test("tunnel refuses --superset together with a token, whose hosts are set at Cloudflare", async () => {
  const settings = settingsWith({ CLOUDFLARE_TUNNEL_TOKEN: TOKEN }, install());
  const { exitCode, stderr } = await run(settings, SCRIPT, ["--superset"]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain("Cannot use --superset with CLOUDFLARE_TUNNEL_TOKEN");
});
