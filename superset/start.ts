/**
 * How Superset is started. Its database, roles and dashboards are created when they are missing or
 * their files changed. Superset itself would need ten seconds to find that nothing changed.
 */
import { join } from "node:path";
import { assertSecrets } from "../scripts/host/environment.ts";
import { makePrivateFolder } from "../scripts/host/folders.ts";
import { prepareRecords } from "../scripts/host/records-database.ts";
import type { Launch } from "../scripts/host/service.ts";
import { runStep, settingsEnvironment } from "../scripts/host/start.ts";
import type { Config } from "../scripts/lib/config.ts";
import { SOURCES, supersetEnvironment, supersetHome } from "./environment.ts";
import { SUPERSET } from "./install.ts";
import { hasSameAssets, recordsMark } from "./records.ts";

const NEEDED = [
  "SUPERSET_ADMIN_PASSWORD",
  "SUPERSET_POSTGRES_PASSWORD",
  "SUPERSET_SECRET_KEY",
  "SUPERSET_GUEST_TOKEN_SECRET",
  "SUPERSET_ASYNC_QUERY_SECRET",
] as const satisfies (keyof Config)[];

export async function launchSuperset(config: Config): Promise<Launch> {
  assertSecrets(config, "Superset", NEEDED);
  const home = makePrivateFolder(supersetHome(config));
  const environment = supersetEnvironment(config);
  await prepareRecords(config, "superset", {
    mark: recordsMark(config),
    bringUpToDate(former) {
      const isImported = hasSameAssets(config, former);
      const parts = isImported ? [] : ["--import", config.SUPERSET_ASSETS_FOLDER];
      const program = SUPERSET.program(config, "python");
      runStep(
        "prepare the records of Superset",
        [program, join(SOURCES, "bootstrap.py"), ...parts],
        { ...settingsEnvironment(config), ...environment },
      );
    },
  });
  const command = [
    ...[SUPERSET.program(config, "gunicorn"), "--config", join(SOURCES, "server.py")],
    ...["--bind", `127.0.0.1:${config.SUPERSET_PORT}`],
    // One worker, since caches and request limits are per process. No preload: a parent would hold
    // in memory what its one worker loads again.
    ...[
      "--workers",
      "1",
      "--worker-class",
      "gthread",
      "--threads",
      String(config.SUPERSET_THREADS),
    ],
    // A worker may load slowly on a busy machine.
    ...["--timeout", "180", "--graceful-timeout", "10", "--keep-alive", "5"],
    // By default the control socket is in the user's home, one for all stacks.
    ...["--limit-request-line", "0", "--no-control-socket", "--worker-tmp-dir", home],
    "superset.app:create_app()",
  ];
  return { command, environment, folder: home };
}
