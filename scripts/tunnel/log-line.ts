/**
 * Reads the lines of cloudflared's log that matter here. They have the form of the default output,
 * `TIME LEVEL text key=value…`, unchanged since 2021. Pure.
 */

const QUICK_ADDRESS = /\shttps:\/\/[a-z0-9-]+\.trycloudflare\.com(?=\s|$)/;

/** The address of a quick tunnel, from the line that announces it: `|  https://….trycloudflare.com  |`. */
export const quickAddress = (line: string): string | undefined =>
  QUICK_ADDRESS.exec(line)?.[0].trim();

export const isError = (line: string): boolean => /^\S+Z (ERR|FTL) /.test(line);

/** Failures that no further attempt can fix, each with its remedy. */
const HOPELESS: [RegExp, string][] = [
  [
    /Provided Tunnel token is not valid/,
    "CLOUDFLARE_TUNNEL_TOKEN is no token of a tunnel; copy the long text that begins with eyJ",
  ],
  [
    // "Failed to get tunnel" is not in the list: it comes and goes with Cloudflare's own troubles.
    /Unauthorized: (Invalid tunnel secret|Tunnel not found)/,
    "Cloudflare knows no such tunnel, or its token was replaced; copy the token again",
  ],
];

export const hopelessReason = (line: string): string | undefined =>
  HOPELESS.find(([pattern]) => pattern.test(line))?.[1];
