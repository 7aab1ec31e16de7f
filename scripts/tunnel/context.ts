/** What both kinds of tunnels need to run and to report to the operator. */
import type { Config } from "../lib/config.ts";
import { describe, type Finding } from "./finding.ts";

export interface Context {
  config: Config;
  /** Path of cloudflared. */
  program: string;
  /** Aborted when all tunnels are to end. */
  stop: AbortController;
}

export const say = (line: string): void => console.log(line);

export const complain = (line: string): void => console.error(line);

export function report(findings: Finding[]): void {
  for (const finding of findings) {
    (finding.state === "wrong" ? complain : say)(describe(finding));
  }
}
