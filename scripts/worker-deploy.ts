/** `bun run worker:deploy`: puts the Worker and its page on Cloudflare's network. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { assertSecrets } from "./host/environment.ts";
import { defineCommand, runCommand } from "./lib/command.ts";
import { type Config, readConfig } from "./lib/config.ts";
import { ConfigError } from "./lib/errors.ts";
import { toggle } from "./lib/flags.ts";
import { buildBundle, configFile, prepareDeployment } from "./worker/bundle.ts";
import { deleteSecrets } from "./worker/removed-secrets.ts";
import { runWrangler } from "./worker/wrangler.ts";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

const command = defineCommand({
  name: "worker:deploy",
  description: `The Worker there asks the summary at SUMMARY_PUBLIC_URL, such as the address of a tunnel. Needs an
account: CLOUDFLARE_API_TOKEN, or once \`bunx --bun wrangler login\`. SUMMARY_SECRET and the service
token for Cloudflare Access, when one is set, become secrets of the Worker; those that are no longer
set are deleted there. May be repeated; readers notice nothing.`,
  flags: { "dry-run": toggle("Only build what would be deployed; needs no account") },
  exits: { 0: "done", 1: "failed", 130: "stopped by SIGINT", 143: "stopped by SIGTERM" },
  async run({ flags: { "dry-run": isDryRun } }) {
    const stop = new AbortController();
    for (const name of SIGNALS) process.on(name, () => stop.abort(name));
    const scratch = mkdtempSync(join(tmpdir(), "worker-deploy-"));
    try {
      if (isDryRun) {
        await buildBundle(scratch, stop.signal);
        console.log("The Worker can be deployed");
      } else {
        await deploy(readConfig(), { scratch, signal: stop.signal });
      }
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    } finally {
      // The secrets are in there.
      rmSync(scratch, { recursive: true });
    }
    if (stop.signal.aborted) endStopped(stop.signal.reason);
  },
});

function endStopped(name: (typeof SIGNALS)[number]): never {
  console.error(
    `Stopped by ${name}: a deployment that was under way may be done or not; repeat it`,
  );
  process.exit(128 + constants.signals[name]);
}

interface Surroundings {
  scratch: string;
  signal: AbortSignal;
}

async function deploy(config: Config, { scratch, signal }: Surroundings): Promise<void> {
  const variables = deployedVariables(config);
  const options = { scratch, signal, usesLogin: true, configFile: configFile(scratch) };
  await assertLoggedIn(options);
  await prepareDeployment(scratch);
  const secrets = deployedSecrets(config);
  const secretsFile = join(scratch, "secrets.json");
  writeFileSync(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
  const said = await runWrangler(
    [
      "deploy",
      ...["--config", options.configFile],
      ...Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
      ...["--secrets-file", secretsFile],
    ],
    options,
  ).catch((error) => {
    throw withoutSubdomain(error) ?? error;
  });
  console.log(said);
  const unset = Object.keys(secrets).filter((name) => !secrets[name]);
  for (const name of await deleteSecrets(unset, options)) {
    console.log(`Deleted the secret ${name} of the Worker, which is not set any more`);
  }
  const url = /https:\/\/\S+/.exec(said)?.[0] ?? "https://<address of the Worker>";
  console.log(`Next:
  curl ${url}/api/summary    has the numbers, as_of within the last seconds
  WORKER_URL=${url} bun run verify    compares them with the tables
When it answers 503, \`bunx --bun wrangler tail real-time-data-platform\` says why.`);
}

/** What to do when wrangler asks for an address, which an account has from its first visit on. */
function withoutSubdomain({ message }: Error): ConfigError | undefined {
  const link = /register a workers\.dev subdomain here:\s*(https:\/\/\S+)/.exec(message)?.[1];
  if (!link) return undefined;
  return new ConfigError(
    `Cannot deploy the Worker: the account has no subdomain of workers.dev yet, at which the Worker would be; open Workers & Pages once, ${link}, choose a subdomain there, and run this again`,
  );
}

/** @throws ConfigError when the Worker could not reach the origin from where it will be */
function deployedVariables(config: Config): Record<string, string> {
  assertSecrets(config, "the deployment", ["SUMMARY_SECRET"]);
  const { SUMMARY_PUBLIC_URL: url } = config;
  if (!url?.startsWith("https://")) {
    const found = url === undefined ? "it is not set" : `current value is ${url}`;
    throw new ConfigError(
      `Cannot deploy the Worker: SUMMARY_PUBLIC_URL must be the address at which the summary origin is reached from the internet and begin with https://, ${found}; \`bun run tunnel\` makes one`,
    );
  }
  return { SUMMARY_URL: url, SUPERSET_URL: config.SUPERSET_PUBLIC_URL ?? "" };
}

function deployedSecrets(config: Config): Record<string, string | undefined> {
  const { SUMMARY_SECRET, ACCESS_CLIENT_ID, ACCESS_CLIENT_SECRET } = config;
  return { SUMMARY_SECRET, ACCESS_CLIENT_ID, ACCESS_CLIENT_SECRET };
}

/** @throws ConfigError that says how to log in */
async function assertLoggedIn(options: Parameters<typeof runWrangler>[1]): Promise<void> {
  const said = await runWrangler(["whoami"], options);
  if (!said.includes("not authenticated")) return;
  throw new ConfigError(
    "Cannot deploy the Worker: no account of Cloudflare is given; set CLOUDFLARE_API_TOKEN to a token made from the template `Edit Cloudflare Workers`, or run `bunx --bun wrangler login`",
  );
}

await runCommand(command);
