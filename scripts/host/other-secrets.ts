/**
 * Called by each `start` last: prints the secrets that its program does not need, for the shell to
 * unset. What is kept is named, so that a secret that is new tomorrow is kept from everyone.
 */
import { secretSettings } from "../lib/config.ts";

const kept = process.argv.slice(2);
const unknown = kept.filter((name) => !secretSettings.includes(name));
if (unknown.length > 0) {
  console.error(`Cannot keep ${unknown.join(", ")}: no secret setting has that name`);
  process.exit(2);
}
console.log(secretSettings.filter((name) => !kept.includes(name)).join(" "));
