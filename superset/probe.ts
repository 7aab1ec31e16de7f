/** Asks Superset how it is. */
import type { Config } from "../scripts/lib/config.ts";
import { localAddress } from "../scripts/lib/web-address.ts";

const ANSWER_MS_MAX = 10_000;

/** Its web server answers. */
export async function answersSuperset(config: Config): Promise<void> {
  const response = await fetch(`${localAddress(config.SUPERSET_PORT)}/health`, {
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  if (!response.ok) throw new Error(`/health answers ${response.status}`);
}
