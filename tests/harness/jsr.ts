/** A registry with JSR's protocol and one package: the real `@std/dotenv`. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../deno.json" with { type: "json" };
import { ROOT } from "../../scripts/lib/config.ts";

const FOLDER = join(ROOT, "tests/harness/std-dotenv");
const VERSION = /@(\d+\.\d+\.\d+)$/.exec(manifest.imports["@std/dotenv"])![1]!;

export interface Registry extends AsyncDisposable {
  /** What Deno takes as JSR_URL. */
  url: string;
  /** Paths that were asked for. */
  asked: string[];
}

export function startRegistry(): Registry {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".ts"));
  const files = new Map(names.map((name) => [`/${name}`, readFileSync(join(FOLDER, name))]));
  const checksums = [...files].map(([path, bytes]) => {
    const hash = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    return [path, { size: bytes.length, checksum: `sha256-${hash}` }];
  });
  const asked: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch({ url }) {
      const path = new URL(url).pathname;
      asked.push(path);
      if (path === "/@std/dotenv/meta.json") {
        return Response.json({ scope: "std", name: "dotenv", versions: { [VERSION]: {} } });
      }
      if (path === `/@std/dotenv/${VERSION}_meta.json`) {
        const manifest = Object.fromEntries(checksums);
        return Response.json({ manifest, exports: { ".": "./mod.ts" } });
      }
      const file = files.get(path.replace(`/@std/dotenv/${VERSION}`, ""));
      return file ? new Response(file) : new Response(null, { status: 404 });
    },
  });
  return {
    url: server.url.href,
    asked,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
