/** `bun run outdated`: everything that is pinned, beside the newest that its registry has. */
import { type ArgsDef, defineCommand } from "citty";
import { readConfig } from "../scripts/lib/config.ts";
import { runProgram } from "../scripts/lib/program.ts";
import { install } from "../scripts/stack/install/install.ts";
import { listedPins } from "./outdated/listed.ts";
import { mavenPins } from "./outdated/maven.ts";
import { npmPins } from "./outdated/npm.ts";
import { stateOf } from "./outdated/pin.ts";
import { pythonPins } from "./outdated/python.ts";
import { releasePins } from "./outdated/releases.ts";
import { tableOf } from "./outdated/table.ts";

const flags = { json: { type: "boolean", description: "For programs" } } satisfies ArgsDef;

const command = defineCommand({
  meta: {
    name: "outdated",
    description: `Lists everything that is pinned, beside the newest there is: packages, Python requirements
(the newest that runs on Python 3.11), Maven artefacts, actions, images, the Worker's date, what CI runs on.
A pre-release is no newest, and what is held back says why. A registry that is away costs 30 s at most and
only its own lines. Changes nothing; CONTRIBUTING.md, "Raise a pin", says how to raise one. Exit status: 0
also when something is outdated.`,
  },
  args: flags,
  async run({ args }) {
    const config = readConfig();
    await install(config, []);
    const found = await Promise.all([
      npmPins(),
      pythonPins(config),
      mavenPins(config),
      releasePins(),
    ]);
    const pins = [...found.flat(), ...listedPins()];
    if (args.json) {
      console.log(
        JSON.stringify(
          pins.map((pin) => ({ ...pin, state: stateOf(pin) })),
          null,
          2,
        ),
      );
    } else console.log(tableOf(pins));
  },
});

await runProgram(command);
