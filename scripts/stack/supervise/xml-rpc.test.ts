import { expect, test } from "bun:test";
import { methodCall, methodResponse } from "./xml-rpc.ts";

const response = (value: string) =>
  `<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value>${value}</value>\n</param>\n</params>\n</methodResponse>`;
const list = (...values: string[]) =>
  response(
    `<array><data>\n${values.map((each) => `<value>${each}</value>\n`).join("")}</data></array>`,
  );
const struct = (name: string, processId: number) =>
  `<struct>\n<member>\n<name>name</name>\n<value><string>${name}</string></value>\n</member>
<member>\n<name>pid</name>\n<value><int>${processId}</int></value>\n</member>
<member>\n<name>spawnerr</name>\n<value><string></string></value>\n</member>\n</struct>`;

test("methodCall() escapes its words, and says which are truth values", () => {
  expect(methodCall("supervisor.stop", ["a&b:<c>", true])).toBe(
    '<?xml version="1.0"?><methodCall><methodName>supervisor.stop</methodName><params><param><value><string>a&amp;b:&lt;c&gt;</string></value></param><param><value><boolean>1</boolean></value></param></params></methodCall>',
  );
});

test("methodResponse() reads a list whether it has none, one or several entries", () => {
  expect(methodResponse(list())).toEqual({ value: [] });
  const one = { name: "a&b", pid: 12, spawnerr: "" };
  expect(methodResponse(list(struct("a&amp;b", 12)))).toEqual({ value: [one] });
  expect(methodResponse(list(struct("a&amp;b", 12), struct("07", 0)))).toEqual({
    value: [one, { name: "07", pid: 0, spawnerr: "" }],
  });
});

test("methodResponse() reads numbers, truth values and text", () => {
  const values = ["<int>42</int>", "<boolean>0</boolean>", "<string>1.0</string>", "plain"];
  expect(values.map((each) => methodResponse(response(each)))).toEqual([
    { value: 42 },
    { value: false },
    { value: "1.0" },
    { value: "plain" },
  ]);
});

test("methodResponse() gives what the server refuses, and refuses a text that is not an answer", () => {
  const fault = `<methodResponse><fault><value><struct>
    <member><name>faultCode</name><value><int>10</int></value></member>
    <member><name>faultString</name><value><string>BAD_NAME: x</string></value></member>
    </struct></value></fault></methodResponse>`;
  expect(methodResponse(fault)).toEqual({ fault: "BAD_NAME: x" });
  expect(() => methodResponse("<html></html>")).toThrow("Cannot read the answer of supervisord");
});
