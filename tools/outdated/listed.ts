/** What is pinned and has no registry that can be asked, or whose newest is known without one. */
import manifest from "../../package.json" with { type: "json" };
import { pinsInFiles } from "./in-files.ts";
import type { Pin } from "./pin.ts";

const BASE_IMAGE = /^FROM (\w+):(\S+)/gm;
const RUNNER = /runs-on: ([a-z]+)-([\d.]+)/g;
const RUNTIME = /(node|python)-version: "([\d.]+)"/g;
const DENO_MODULE = /"jsr:(@[\w-]+\/[\w-]+)@([^"]+)"/g;
const COMPATIBILITY = /"(compatibility_date)": "([\d-]+)"/g;

const WORKFLOWS = ".github/workflows/*.y*ml";

export const listedPins = (): Pin[] => [
  ...pinsInFiles(".devcontainer/Dockerfile", BASE_IMAGE, {
    kind: "image",
    unknown: "not looked up: the tag of a release of Debian moves by itself",
  }),
  ...pinsInFiles(WORKFLOWS, RUNNER, {
    kind: "runner",
    unknown: "not looked up: see the repository actions/runner-images",
  }),
  ...pinsInFiles(WORKFLOWS, RUNTIME, {
    kind: "runner",
    unknown: "not looked up: its patches come by themselves",
  }),
  ...pinsInFiles("deno.json", DENO_MODULE, {
    kind: "JSR",
    unknown: "not looked up: see the module's page on jsr.io; only Deno takes it",
  }),
  ...pinsInFiles("worker/wrangler.jsonc", COMPATIBILITY, {
    kind: "Worker",
    newest: dateOf(manifest.dependencies.miniflare),
    held: "the newest that the pinned miniflare knows; a later date changes how the Worker runs",
  }),
  ...Object.entries(manifest.engines).map(([name, pinned]) => ({
    kind: "engine",
    name,
    pinned,
    file: "package.json",
    unknown: "not looked up: the oldest that will do",
  })),
];

/** Version 5.20261117.0 is of that day. */
const dateOf = (version: string) => version.replace(/^\d+\.(\d{4})(\d\d)(\d\d)\..*$/, "$1-$2-$3");
