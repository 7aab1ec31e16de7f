/** The part of XML-RPC that supervisord speaks. Pure. */
import { XMLBuilder, XMLParser } from "fast-xml-parser";
import { z } from "zod";

export type XmlValue = string | number | boolean | XmlValue[] | { [name: string]: XmlValue };

/** A list has one entry or many; in XML that looks the same. */
const LISTS = ["member", "param", "data.value"];

const xml = new XMLParser({
  parseTagValue: false,
  trimValues: true,
  isArray: (name, path) => LISTS.some((each) => each === name || String(path).endsWith(each)),
});
const builder = new XMLBuilder();

export function methodCall(method: string, parameters: (string | boolean)[]): string {
  const param = parameters.map((value) => ({
    value: typeof value === "string" ? { string: value } : { boolean: value ? 1 : 0 },
  }));
  const call = { methodCall: { methodName: method, params: { param } } };
  return `<?xml version="1.0"?>${builder.build(call)}`;
}

const faultSchema = z.object({ faultString: z.string() });

/** @throws Error when the text is not an answer */
export function methodResponse(text: string): { value: XmlValue } | { fault: string } {
  const { methodResponse: answer } = xml.parse(text) as { methodResponse?: Answer };
  if (answer?.fault) {
    return { fault: faultSchema.parse(parse(answer.fault.value)).faultString };
  }
  const [param] = answer?.params?.param ?? [];
  if (!param) throw new Error(`Cannot read the answer of supervisord: ${text.slice(0, 200)}`);
  return { value: parse(param.value) };
}

interface Answer {
  params?: { param: { value: unknown }[] };
  fault?: { value: unknown };
}

/** A value without a type is text. */
function parse(value: unknown): XmlValue {
  if (typeof value !== "object" || value === null) return String(value ?? "");
  const [[type, content] = ["string", ""]] = Object.entries(value);
  switch (type) {
    case "int":
    case "i4":
    case "double":
      return Number(content);
    case "boolean":
      return content === "1";
    case "array":
      return (content.data?.value ?? []).map(parse);
    case "struct":
      return Object.fromEntries(
        (content.member ?? []).map(({ name, value: member }: { name: string; value: unknown }) => [
          name,
          parse(member),
        ]),
      );
    default:
      return String(content);
  }
}
