/** The lines are taken from cloudflared's documentation, source and reported issues. */
import { expect, test } from "bun:test";
import { hopelessReason, isError, quickAddress } from "./log-line.ts";

const QUICK = `2026-02-21T14:24:01Z INF Thank you for trying Cloudflare Tunnel. Doing so, without a Cloudflare account, is a quick way to experiment and try it out. However, be aware that these account-less Tunnels have no uptime guarantee, are subject to the Cloudflare Online Services Terms of Use (https://www.cloudflare.com/website-terms/), and Cloudflare reserves the right to investigate your use of Tunnels for violations of such terms. If you intend to use Tunnels in production you should use a pre-created named tunnel by following: https://developers.cloudflare.com/cloudflare-one/connections/connect-apps
2026-02-21T14:24:01Z INF Requesting new quick Tunnel on trycloudflare.com...
2026-02-21T14:24:06Z INF +--------------------------------------------------------------------------------------------+
2026-02-21T14:24:06Z INF |  Your quick Tunnel has been created! Visit it at (it may take some time to be reachable):  |
2026-02-21T14:24:06Z INF |  https://world-pound-folder-structured.trycloudflare.com                                   |
2026-02-21T14:24:06Z INF +--------------------------------------------------------------------------------------------+
2026-02-21T14:24:06Z INF Cannot determine default configuration path. No file [config.yml config.yaml] in [~/.cloudflared]`;

const NAMED = `2024-02-08T06:25:47Z INF Generated Connector ID: 6f5bd919-1c79-4e2a-96db-65962c321200
2024-02-08T06:25:47Z INF Starting metrics server on 127.0.0.1:33575/metrics
2024-02-08T06:25:48Z INF Registered tunnel connection connIndex=0 connection=830bf962-7674-4e02-b648-65177c832c67 event=0 ip=198.41.192.167 location=lax08 protocol=quic`;

const addresses = (log: string) => log.split("\n").flatMap((line) => quickAddress(line) ?? []);

test("quickAddress() finds the one line that announces the address", () => {
  expect(addresses(QUICK)).toEqual(["https://world-pound-folder-structured.trycloudflare.com"]);
  expect(addresses(NAMED)).toEqual([]);
});

test("quickAddress() takes no address that only looks like one", () => {
  const lines = [
    'failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": no such host',
    "2026-02-21T14:24:06Z INF |  https://a.trycloudflare.com.evil.test  |",
    "2026-02-21T14:24:06Z INF |  http://plain.trycloudflare.com  |",
  ];
  for (const line of lines) expect(quickAddress(line)).toBeUndefined();
});

test("isError() is for errors, not for notes and warnings", () => {
  expect(
    isError(
      '2021-08-02T13:44:44Z ERR Register tunnel error from server side error="x" connIndex=0',
    ),
  ).toBeTrue();
  expect(isError('2022-08-21T00:22:25Z WRN Serve tunnel error error="timeout"')).toBeFalse();
  expect(NAMED.split("\n").some(isError)).toBeFalse();
});

test("hopelessReason() tells a wrong token from a network that fails", () => {
  const hopeless = [
    "Provided Tunnel token is not valid.",
    '2021-08-02T13:44:44Z ERR Register tunnel error from server side error="Unauthorized: Invalid tunnel secret" connIndex=0',
  ];
  for (const line of hopeless) expect(hopelessReason(line)).toContain("token");
  const passing = [
    '2023-10-09T00:47:28Z ERR Register tunnel error from server side error="Unauthorized: Failed to get tunnel" connIndex=0 event=0 ip=198.41.192.67',
    '2024-02-08T06:25:54Z WRN Failed to create new quic connection error="failed to dial to edge with quic: timeout: no recent network activity" connIndex=2 event=0 ip=198.41.192.57',
    'failed to request quick Tunnel: Post "https://api.trycloudflare.com/tunnel": dial tcp: lookup api.trycloudflare.com on 127.0.0.11:53: no such host',
  ];
  for (const line of passing) expect(hopelessReason(line)).toBeUndefined();
});
