/** Asks the origin for the public summary. */
import type { Config } from "../lib/config.ts";
import { summaryUrl } from "../lib/web-address.ts";

/** The origin answers only programs that have the secret. */
export const askSummary = (config: Config, request: RequestInit = {}): Promise<Response> =>
  fetch(`${summaryUrl(config)}/summary`, {
    ...request,
    headers: { authorization: `Bearer ${config.SUMMARY_SECRET ?? ""}` },
  });
