/** The packages of package.json, and those that the Dockerfile takes from the same registry. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { ROOT } from "../../scripts/lib/config.ts";
import { ask } from "./ask.ts";
import { type Pin, withNewest } from "./pin.ts";

const DOCKERFILE = ".devcontainer/Dockerfile";

const HELD: Record<string, string> = {
  miniflare: "what wrangler itself pins, so that there is one; raise both",
  npm: "12 asks for a newer Node.js than that of Debian, 11 does not",
};

export function npmPins(): Promise<Pin[]> {
  const pins = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }).map(
    ([name, pinned]) => ({ name, pinned, file: "package.json", held: HELD[name] }),
  );
  const installed = readFileSync(join(ROOT, DOCKERFILE), "utf8").matchAll(
    /\s([a-z]+)@(\d[\w.-]*)/g,
  );
  const inImage = [...installed].map(([, name, pinned]) => ({
    name: name!,
    pinned: pinned!,
    file: DOCKERFILE,
    held: HELD[name!],
  }));
  return withNewest(
    [...pins, ...inImage].map((pin) => ({ kind: "npm", ...pin })),
    newestOnNpm,
  );
}

async function newestOnNpm(names: string[]): Promise<Map<string, string>> {
  const newest = new Map<string, string>();
  const waiting = [...names];
  const worker = async () => {
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      try {
        const view = [process.execPath, "pm", "view", name, "dist-tags.latest"];
        newest.set(name, (await ask("the npm registry", view)).trim());
      } catch (error) {
        // The others stop as well: a registry that is away is not waited for once a package.
        waiting.length = 0;
        throw error;
      }
    }
  };
  await Promise.all([worker(), worker(), worker(), worker()]);
  return newest;
}
