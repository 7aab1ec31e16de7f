/** Colours for people. */
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

/** Colours only where a person looks, unless NO_COLOR (no-color.org) or a plain terminal says no. */
export const hasColours = (
  isTerminal = process.stdout.isTTY === true,
  { NO_COLOR, TERM }: Record<string, string | undefined> = process.env,
): boolean => isTerminal && !NO_COLOR && TERM !== "dumb";

/** The text in a style for a terminal, else as it is. */
export const styled = (style: Style, text: string) =>
  hasColours() ? styleText(style, text, { validateStream: false }) : text;
