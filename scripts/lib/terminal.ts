/** Colours for people: only on a terminal, and only where NO_COLOR and TERM allow them. */
import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

function isColoured(stream: NodeJS.WriteStream = process.stdout): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== "dumb";
}

/** The text in a style for a terminal, else as it is. */
export const styled = (style: Style, text: string, stream = process.stdout) =>
  isColoured(stream) ? styleText(style, text, { validateStream: false }) : text;
