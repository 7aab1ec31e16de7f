import { afterAll, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { admittedSockets } from "./sockets.ts";

const server = createServer((socket) => socket.on("error", () => {}).resume());
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address() as AddressInfo;
afterAll(() => {
  server.close();
});

const request = (onConnect: () => void) => ({ host: "127.0.0.1", port, onConnect });

test("admittedSockets() opens a connection for use only when it is admitted", async () => {
  const events: string[] = [];
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const used = Promise.withResolvers<void>();
  const open = admittedSockets(() => {
    events.push("asked");
    asked.resolve();
    return gate.promise;
  });
  const socket = open(
    request(() => {
      events.push("used");
      used.resolve();
    }),
  );
  await asked.promise;
  expect(events).toEqual(["asked"]);
  gate.resolve();
  await used.promise;
  expect(events).toEqual(["asked", "used"]);
  socket.destroy();
});

test("admittedSockets() closes a connection with the error when it is not admitted", async () => {
  const open = admittedSockets(() => Promise.reject(new Error("another cluster")));
  const socket = open(request(() => expect.unreachable("it was used")));
  const [error] = await once(socket, "error");
  expect(error.message).toBe("another cluster");
  expect(socket.destroyed).toBe(true);
});

test("admittedSockets() does not use a connection that was given up meanwhile", async () => {
  const gate = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  const open = admittedSockets(() => {
    asked.resolve();
    return gate.promise;
  });
  const socket = open(request(() => expect.unreachable("it was used")));
  await asked.promise;
  socket.end();
  gate.resolve();
  await once(socket, "close");
});
