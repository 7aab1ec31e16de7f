/**
 * Sends many requests at once and prints the answers. It is a program of its own, because Bun's
 * limit of 256 requests under way can only be raised at the start of a process.
 */
import { join } from "node:path";
import { ROOT } from "../../scripts/lib/config.ts";

export interface BurstResult {
  /** Number of answers by status. */
  statuses: Record<string, number>;
  /** The different bodies, without the parts that depend on the moment. */
  bodies: string[];
  ages: { least: number; most: number };
  stale: number;
  tookMs: number;
}

export async function burst(url: string, requests: number): Promise<BurstResult> {
  const program = Bun.spawn(
    [process.execPath, "--no-env-file", import.meta.path, url, `${requests}`],
    {
      cwd: join(ROOT),
      env: { ...process.env, BUN_CONFIG_MAX_HTTP_REQUESTS: `${requests}` },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  return (await new Response(program.stdout).json()) as BurstResult;
}

if (import.meta.main) {
  const [url = "", requests = "0"] = process.argv.slice(2);
  const startedAtMs = performance.now();
  const answers = await Promise.all(
    Array.from({ length: Number(requests) }, async () => {
      const response = await fetch(url);
      return { status: response.status, text: await response.text() };
    }),
  );
  const tookMs = performance.now() - startedAtMs;
  const statuses: Record<string, number> = {};
  for (const { status } of answers) statuses[status] = (statuses[status] ?? 0) + 1;
  const documents = answers.map(({ text }) => JSON.parse(text));
  const ages = documents.map(({ age_s }) => age_s);
  const bodies = documents.map(({ age_s, stale, ...rest }) => JSON.stringify(rest));
  const result: BurstResult = {
    statuses,
    bodies: [...new Set(bodies)],
    ages: { least: Math.min(...ages), most: Math.max(...ages) },
    stale: documents.filter(({ stale }) => stale).length,
    tookMs,
  };
  console.log(JSON.stringify(result));
}
