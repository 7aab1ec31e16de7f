/** Deploys the Worker to Cloudflare's network, with its secrets. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertSecrets } from "../../scripts/host/environment.ts";
import type { Config } from "../../scripts/lib/config.ts";
import { ConfigError } from "../../scripts/lib/errors.ts";
import { configFile, prepareDeployment } from "./bundle.ts";
import { runWrangler, type WranglerOptions } from "./wrangler.ts";

interface DeployOptions {
  /** Folder for what is deployed, the secrets included. The caller removes it. */
  scratch: string;
  signal: AbortSignal;
}

/**
 * Prints what wrangler did and what to do next.
 * @throws ConfigError when a setting or the account is missing
 */
export async function deploy(config: Config, { scratch, signal }: DeployOptions): Promise<void> {
  const variables = deployedVariables(config);
  const options = { scratch, signal, usesLogin: true };
  await assertLoggedIn(options);
  await prepareDeployment(scratch);
  const configFlags = ["--config", configFile(scratch)];
  const secrets = deployedSecrets(config);
  const secretsFile = join(scratch, "secrets.json");
  writeFileSync(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
  const output = await runWrangler(
    [
      "deploy",
      ...configFlags,
      ...Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
      ...["--secrets-file", secretsFile],
    ],
    options,
  ).catch((error) => {
    throw missingSubdomain(error) ?? error;
  });
  console.log(output);
  const unset = Object.keys(secrets).filter((name) => !secrets[name]);
  for (const name of await deleteSecrets(unset, configFlags, options)) {
    console.log(`Deleted the secret ${name} of the Worker, which is not set any more`);
  }
  const url = /https:\/\/\S+/.exec(output)?.[0] ?? "https://<address of the Worker>";
  console.log(`Next:
  curl ${url}/api/summary    has the numbers, as_of within the last seconds
  WORKER_URL=${url} bun run verify    compares them with the tables
When it answers 503, \`bunx --bun wrangler tail real-time-data-platform\` says why.`);
}

/** @throws ConfigError when the deployed Worker could not reach the origin */
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
async function assertLoggedIn(options: WranglerOptions): Promise<void> {
  const output = await runWrangler(["whoami"], options);
  if (!output.includes("not authenticated")) return;
  throw new ConfigError(
    "Cannot deploy the Worker: no account of Cloudflare is given; set CLOUDFLARE_API_TOKEN to a token made from the template `Edit Cloudflare Workers`, or run `bunx --bun wrangler login`",
  );
}

/** What mends wrangler's error for a new account, which has no address for Workers yet. */
function missingSubdomain({ message }: Error): ConfigError | undefined {
  const link = /register a workers\.dev subdomain here:\s*(https:\/\/\S+)/.exec(message)?.[1];
  if (!link) return undefined;
  return new ConfigError(
    `Cannot deploy the Worker: the account has no subdomain of workers.dev yet, at which the Worker would be; open Workers & Pages once, ${link}, choose a subdomain there, and run this again`,
  );
}

/**
 * Deletes those of the secrets that the deployed Worker has, and returns their names. A deployment sets
 * secrets but deletes none: the Worker would still send one that is no longer set.
 */
async function deleteSecrets(
  names: string[],
  configFlags: string[],
  options: WranglerOptions,
): Promise<string[]> {
  if (names.length === 0) return [];
  const list = await runWrangler(["secret", "list", ...configFlags], options);
  const deployed = (JSON.parse(list) as { name: string }[]).map(({ name }) => name);
  const deleted = names.filter((name) => deployed.includes(name));
  for (const name of deleted)
    await runWrangler(["secret", "delete", name, ...configFlags], options);
  return deleted;
}
