/** The addresses on which processes of this machine listen. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Addresses on which a process listens, as /proc writes them: in hexadecimal, IPv4 and IPv6. */
export function listeningAddresses(processIds: number[]): string[] {
  const sockets = processIds.flatMap((id) => {
    try {
      return readdirSync(`/proc/${id}/fd`).map((fd) => readlinkSync(`/proc/${id}/fd/${fd}`));
    } catch {
      return [];
    }
  });
  const LISTEN = "0A";
  return ["tcp", "tcp6"]
    .flatMap((table) => readFileSync(`/proc/net/${table}`, "utf8").trim().split("\n").slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN && sockets.includes(`socket:[${fields[9]}]`))
    .map((fields) => fields[1]!);
}

/** Whether such an address is one of 127.0.0.0/8, written as IPv4 or within IPv6, or ::1. */
export const isLoopback = (address: string): boolean =>
  /^((0{16}FFFF0000)?[0-9A-F]{6}7F|0{24}01000000):/.test(address);
