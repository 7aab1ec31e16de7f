/**
 * `bun run superset:record`: opens the dashboard of the running stack in a browser and stores each
 * chart's query in the chart's file. Viewers without a login get only these queries. Run it after
 * changing a chart; otherwise a test of the dashboard fails.
 */
import { asEnvironment, inheritedEnvironment } from "../scripts/host/environment.ts";
import { defineCommand, runCommand } from "../scripts/lib/command.ts";
import { readConfig } from "../scripts/lib/config.ts";
import { runningSettings } from "../scripts/stack/supervise/running-settings.ts";
import { launchBrowser } from "../tests/harness/browser.ts";
import { type Exchange, Viewer } from "../tests/harness/dashboard.ts";
import { runOrThrow } from "../tests/harness/script.ts";

const command = defineCommand({
  name: "superset:record",
  description: `Opens the dashboard in a browser, and writes what each chart asks for into the chart's file. Needs a
running Superset whose charts show data, and Chromium.`,
  exits: { 0: "done", 1: "failed" },
  async run() {
    const config = runningSettings(readConfig());
    const browser = await launchBrowser();
    try {
      const viewer = await Viewer.open(browser, config);
      await viewer.openDashboard();
      for (const exchange of viewer.exchanges.values()) await keep(viewer, exchange);
    } finally {
      await browser.close();
    }
    await runOrThrow(
      { ...inheritedEnvironment(), ...asEnvironment(config) },
      "scripts/superset-export.ts",
    );
  },
});

/** Puts it where Superset itself stores a chart's query; the export takes it from there. */
async function keep(viewer: Viewer, { chartId, body }: Exchange): Promise<void> {
  const { datasource, queries } = body;
  const kept = { datasource, queries, force: false, result_type: "full", result_format: "json" };
  await viewer.callApi("PUT", `/api/v1/chart/${chartId}`, {
    query_context: JSON.stringify(kept),
    query_context_generation: true,
  });
}

await runCommand(command);
