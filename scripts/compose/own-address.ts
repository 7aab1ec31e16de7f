/** The address by which others reach this machine, or this container, in its network. */
import { networkInterfaces } from "node:os";

/** Nothing when it has no network, as a container whose network has ended. */
export function ownAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address;
}
