/**
 * A separate program: SVG on stdin, PNG on stdout. The renderer takes tens of megabytes, never frees
 * them and blocks everything else for a moment. So the origin runs it in a process that then ends.
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
