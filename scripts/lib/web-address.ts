/**
 * Where a browser reaches a port of this machine. In GitHub Codespaces the browser is elsewhere, and
 * GitHub forwards the port at an address that is made of the codespace's name.
 */
import type { Config } from "./config.ts";

type Place = Pick<Config, "CODESPACE_NAME" | "GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN">;

/** `local` is the address on the machine itself. */
export function webAddress(place: Place, port: number, local = localAddress(port)): string {
  const { CODESPACE_NAME: name, GITHUB_CODESPACES_PORT_FORWARDING_DOMAIN: domain } = place;
  return name && domain ? `https://${name}-${port}.${domain}` : local;
}

/** Address of a port of this machine, from this machine. */
export const localAddress = (port: number): string => `http://127.0.0.1:${port}`;

/** Base address of the origin of the public summary. */
export const summaryUrl = (place: Pick<Config, "SUMMARY_URL" | "SUMMARY_PORT">): string =>
  place.SUMMARY_URL ?? localAddress(place.SUMMARY_PORT);

/** Base address of the public page, for programs. */
export const workerUrl = (place: Pick<Config, "WORKER_URL" | "WORKER_PORT">): string =>
  place.WORKER_URL ?? localAddress(place.WORKER_PORT);

const LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"];

/** Whether a setting names another place than the given port of this machine. */
export function isElsewhere(url: string | undefined, port: number): boolean {
  if (url === undefined) return false;
  const { hostname, port: named } = new URL(url);
  return !(LOOPBACK_NAMES.includes(hostname) && named === String(port));
}
