/** What the terminal can show. */

/** Colours only where a person looks, unless NO_COLOR (no-color.org) or a plain terminal says no. */
export const hasColours = (
  isTerminal = process.stdout.isTTY === true,
  { NO_COLOR, TERM }: Record<string, string | undefined> = process.env,
): boolean => isTerminal && !NO_COLOR && TERM !== "dumb";
