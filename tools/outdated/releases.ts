/** What is released by a tag of its repository on GitHub, which git may ask without an account. */
import { ask } from "./ask.ts";
import { pinsInFiles } from "./in-files.ts";
import { type Pin, withNewest } from "./pin.ts";
import { newestOf } from "./version.ts";

const GITHUB = "https://github.com";
const ACTION = /uses: ([\w./-]+)@[0-9a-f]{40} # (\S+)/g;
/** One that is pulled, as its name has a folder; that of cloudflared is also that of its repository. */
const IMAGE = /image: ([\w-]+\/[\w-]+):(\S+)/g;
/** Not a tag that moves, such as v5. */
const RELEASE = /\trefs\/tags\/(v?\d+\.\d[\d.]*)$/gm;

export function releasePins(host = GITHUB): Promise<Pin[]> {
  const pins = [
    ...pinsInFiles(".github/workflows/*.y*ml", ACTION, { kind: "action" }),
    ...pinsInFiles("compose.yaml", IMAGE, { kind: "image" }),
  ];
  return withNewest(pins, (names) => newestReleases(names, host));
}

export async function newestReleases(names: string[], host: string): Promise<Map<string, string>> {
  // Fails instead of asking for a password, which is git's way to say that there is no such repository.
  const environment = { GIT_TERMINAL_PROMPT: "0" };
  const newest = names.map(async (name): Promise<[string, string]> => {
    const listing = ["git", "ls-remote", "--tags", "--refs", `${host}/${name}`];
    const tags = await ask("GitHub", listing, { environment });
    return [name, newestOf([...tags.matchAll(RELEASE)].map(([, tag]) => tag!)) ?? ""];
  });
  return new Map(await Promise.all(newest));
}
