#!/usr/bin/env bun
/** `bun run worker:deploy`: puts the Worker and its page on Cloudflare's network. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ArgsDef, defineCommand } from "citty";
import { type Config, ConfigError, readConfig } from "./lib/config.ts";
import { runProgram } from "./lib/program.ts";
import { assertSecrets } from "./stack/environment.ts";
import { buildBundle, configFile, prepareDeployment } from "./worker/bundle.ts";
import { runWrangler } from "./worker/wrangler.ts";

const args = {
  "dry-run": {
    type: "boolean",
    description: "Only builds what would be deployed; needs no account",
  },
} satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "worker:deploy",
    description: `Puts the Worker and its page on Cloudflare's network, which asks the summary origin at
SUMMARY_PUBLIC_URL, such as the address of a tunnel. Needs an account there: CLOUDFLARE_API_TOKEN, or
once \`bunx --bun wrangler login\`. SUMMARY_SECRET and the service token for Cloudflare Access, when
one is set, become secrets of the Worker. May be repeated; readers notice nothing.
Exit status: 0 done, 1 failed, 2 wrong setting.`,
  },
  args,
  async run({ args: { "dry-run": isDryRun } }) {
    const scratch = mkdtempSync(join(tmpdir(), "worker-deploy-"));
    try {
      if (isDryRun) {
        await buildBundle(scratch);
        console.log("The Worker can be deployed");
      } else {
        await deploy(readConfig(), scratch);
      }
    } finally {
      rmSync(scratch, { recursive: true });
    }
  },
});

async function deploy(config: Config, scratch: string): Promise<void> {
  const variables = deployedVariables(config);
  await assertLoggedIn(scratch);
  await prepareDeployment(scratch);
  const secretsFile = join(scratch, "secrets.json");
  writeFileSync(secretsFile, JSON.stringify(deployedSecrets(config)), { mode: 0o600 });
  const said = await runWrangler(
    [
      "deploy",
      ...["--config", configFile(scratch)],
      ...Object.entries(variables).flatMap(([name, value]) => ["--var", `${name}:${value}`]),
      ...["--secrets-file", secretsFile],
    ],
    { scratch, usesLogin: true },
  );
  console.log(said);
  const url = /https:\/\/\S+/.exec(said)?.[0] ?? "https://<address of the Worker>";
  console.log(`Next:
  curl ${url}/api/summary    has the numbers, as_of within the last seconds
  WORKER_URL=${url} bun run verify    compares them with the tables
When it answers 503, \`bunx --bun wrangler tail real-time-data-platform\` says why.`);
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
async function assertLoggedIn(scratch: string): Promise<void> {
  const said = await runWrangler(["whoami"], { scratch, usesLogin: true });
  if (!said.includes("not authenticated")) return;
  throw new ConfigError(
    "Cannot deploy the Worker: no account of Cloudflare is given; set CLOUDFLARE_API_TOKEN to a token made from the template `Edit Cloudflare Workers`, or run `bunx --bun wrangler login`",
  );
}

await runProgram(command);
