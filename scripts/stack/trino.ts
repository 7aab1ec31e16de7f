/** Asks Trino how it is. */
import { z } from "zod";
import type { Config } from "../lib/config.ts";

const ANSWER_MS_MAX = 10_000;

const infoSchema = z.object({ starting: z.boolean() });

/** The coordinator is past its start and takes queries. */
export async function answersTrino(config: Config): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${config.TRINO_PORT}/v1/info`, {
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  if (!response.ok) throw new Error(`/v1/info answers ${response.status}`);
  if (infoSchema.parse(await response.json()).starting) throw new Error("it is still starting");
}
