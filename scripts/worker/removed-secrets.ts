/** A deployment sets secrets but takes none away: one that is out of the settings would be sent on. */
import { runWrangler } from "./wrangler.ts";

type Options = Parameters<typeof runWrangler>[1] & { configFile: string };

/** Deletes those of the names that the deployed Worker has, and gives these. */
export async function deleteSecrets(names: string[], options: Options): Promise<string[]> {
  if (names.length === 0) return [];
  const flags = ["--config", options.configFile];
  const said = await runWrangler(["secret", "list", ...flags], options);
  const kept = (JSON.parse(said) as { name: string }[]).map(({ name }) => name);
  const removed = names.filter((name) => kept.includes(name));
  for (const name of removed) await runWrangler(["secret", "delete", name, ...flags], options);
  return removed;
}
