/** Runs the project's own scripts, as the commands of package.json do, with exactly these settings. */
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";

export type Environment = Record<string, string>;

/** Settings for clients of package registries: certificates, proxies, and the registry. */
const PACKAGE_CLIENTS =
  /^((ssl_cert_|pip_|uv_|bun_config_)\w+|npm_config_(registry|cafile|proxy|https_proxy)|requests_ca_bundle|curl_ca_bundle|node_extra_ca_certs|(https?|all|no)_proxy|maven_repository_url|java_tool_options)$/i;

/**
 * The environment in which tests run the project's programs. It inherits nothing from the person
 * who runs the tests, except paths of programs and files, and settings of package clients. A start of
 * Kafka or Trino takes half the processor time, since Java does not compile for long runs.
 */
export function programEnvironment(): Environment {
  const { PATH = "", HOME = "", CACHE_DIR, TMPDIR } = process.env;
  const clients = Object.entries(process.env).filter(([name]) => PACKAGE_CLIENTS.test(name));
  return {
    PATH,
    HOME,
    JAVA_OPTIONS: "-XX:TieredStopAtLevel=1",
    ...(CACHE_DIR && { CACHE_DIR }),
    ...(TMPDIR && { TMPDIR }),
    ...(Object.fromEntries(clients) as Environment),
  };
}

export interface Finished {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** Runs one of the project's scripts to its end. */
export async function run(
  environment: Environment,
  script: string,
  args: string[] = [],
  stdin?: string | Uint8Array,
): Promise<Finished> {
  return finish(start(environment, script, args, stdin));
}

/** The exit code and the output of a program that `start` has left running. */
export async function finish(program: ReturnType<typeof start>): Promise<Finished> {
  const [exitCode, stdout, stderr] = await Promise.all([
    program.exited,
    new Response(program.stdout).text(),
    new Response(program.stderr).text(),
  ]);
  return { exitCode, stdout, stderr };
}

/** The same, for a step that has to succeed. */
export async function runOrThrow(...call: Parameters<typeof run>): Promise<string> {
  const { exitCode, stdout, stderr } = await run(...call);
  if (exitCode !== 0) throw new Error(`${call[1]} ended with ${exitCode}: ${stderr}${stdout}`);
  return stdout;
}

/** Starts one of the project's scripts and leaves it running. */
export function start(
  environment: Environment,
  script: string,
  args: string[] = [],
  stdin?: string | Uint8Array,
) {
  return Bun.spawn([process.execPath, "--no-env-file", join(ROOT, script), ...args], {
    cwd: ROOT,
    env: environment,
    stdin: stdin === undefined ? "ignore" : new Blob([stdin as string]),
    stdout: "pipe",
    stderr: "pipe",
  });
}
