import { expect, test } from "bun:test";
import { once } from "node:events";
import { createServer, connect as openSocket } from "node:net";
import { buffer } from "node:stream/consumers";
import { freePorts } from "../host/free-ports.ts";
import { forward } from "./forward.ts";

/** Another address of the same machine, as a container's own is beside 127.0.0.1. */
const OUTSIDE = "127.0.0.2";
const BYTES = 3_000_000;

test("forward() carries everything both ways when one side closes its half first", async () => {
  const [port = 0] = await freePorts(1);
  const service = createServer({ allowHalfOpen: true }, (socket) => {
    const received: Buffer[] = [];
    socket.on("data", (chunk) => received.push(Buffer.from(chunk)));
    socket.on("end", () => socket.end(Buffer.concat(received)));
  }).listen(port, "127.0.0.1");
  const gate = forward(port, OUTSIDE);
  await Promise.all([once(service, "listening"), once(gate, "listening")]);
  const sent = crypto.getRandomValues(Buffer.alloc(BYTES).subarray(0, 60_000));
  const client = openSocket({ host: OUTSIDE, port, allowHalfOpen: true });
  for (let index = 0; index < BYTES / sent.length; index++) client.write(sent);
  client.end();
  const answer = await buffer(client);
  expect(answer.length).toBe(BYTES);
  expect(answer.subarray(-sent.length).equals(sent)).toBe(true);
  gate.close();
  service.close();
});

test("forward() ends the connection when no service listens", async () => {
  const [port = 0] = await freePorts(1);
  const gate = forward(port, OUTSIDE);
  await once(gate, "listening");
  const client = openSocket({ host: OUTSIDE, port });
  client.on("error", () => {});
  client.resume();
  await once(client, "close");
  gate.close();
});
