/** The image for links to the page: drawn on request, at most once a minute for all requests. */
import { fileURLToPath } from "node:url";
import type { Summary } from "../../../schema/summary.ts";
import { previewSvg } from "./svg.ts";

/** How long an image is used. */
export const PREVIEW_SECONDS_MAX = 60;
/** Pause after a failure. */
const RETRY_SECONDS = 5;
const RENDER_MS_MAX = 15_000;
const PROGRAM = fileURLToPath(new URL("render.ts", import.meta.url));

type Png = Uint8Array<ArrayBuffer>;

export class Preview {
  readonly #read: () => Promise<Summary>;
  #current: Promise<Png> | undefined;
  #dueMs = 0;

  constructor(read: () => Promise<Summary>) {
    this.#read = read;
  }

  /** @throws what reading the summary throws, or an Error of the renderer */
  get(): Promise<Png> {
    if (this.#current === undefined || performance.now() >= this.#dueMs) {
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#current = this.#draw();
      this.#current.then(
        () => this.#keep(PREVIEW_SECONDS_MAX),
        () => this.#keep(RETRY_SECONDS),
      );
    }
    return this.#current;
  }

  #keep(seconds: number): void {
    this.#dueMs = performance.now() + seconds * 1_000;
  }

  async #draw(): Promise<Png> {
    return render(previewSvg(await this.#read()));
  }
}

/** @throws Error with the renderer's message when it fails */
async function render(svg: string): Promise<Png> {
  const program = Bun.spawn([process.execPath, "--no-env-file", PROGRAM], {
    // The renderer gets no secret.
    env: {},
    stdin: new Blob([svg]),
    stdout: "pipe",
    stderr: "pipe",
    timeout: RENDER_MS_MAX,
    killSignal: "SIGKILL",
  });
  const [exitCode, png, complaint] = await Promise.all([
    program.exited,
    new Response(program.stdout).bytes(),
    new Response(program.stderr).text(),
  ]);
  if (exitCode === 0) return png;
  throw new Error(`Cannot draw the preview: the renderer ended with ${exitCode}: ${complaint}`);
}
