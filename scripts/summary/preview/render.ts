/**
 * A program of its own: SVG on stdin, PNG on stdout. The renderer takes tens of megabytes that it never
 * gives back and stops everything else for a moment, so the origin lets this process do it and end.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { initWasm, Resvg } from "@resvg/resvg-wasm";

const FONTS = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"];

const fileOf = (specifier: string) => readFile(fileURLToPath(import.meta.resolve(specifier)));

const [renderer, ...fonts] = await Promise.all([
  fileOf("@resvg/resvg-wasm/index_bg.wasm"),
  ...FONTS.map((name) => fileOf(`dejavu-fonts-ttf/ttf/${name}`)),
]);
await initWasm(renderer);
const svg = new Resvg(await Bun.stdin.text(), {
  font: { fontBuffers: fonts, defaultFontFamily: "DejaVu Sans" },
});
await Bun.write(Bun.stdout, svg.render().asPng());
