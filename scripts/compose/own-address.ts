/** The address of this machine, or this container, in its network. */
import { networkInterfaces } from "node:os";

/** Undefined without a network, as in a container whose network has ended. */
export function ownAddress(): string | undefined {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ internal, family }) => !internal && family === "IPv4")?.address;
}
