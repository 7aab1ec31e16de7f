/** The result of a check of a public address, in words for the operator. */
export interface Finding {
  state: "ok" | "wrong" | "note";
  text: string;
}

export const ok = (text: string): Finding => ({ state: "ok", text });
export const wrong = (text: string): Finding => ({ state: "wrong", text });
export const note = (text: string): Finding => ({ state: "note", text });

export const describe = ({ state, text }: Finding) => `${state.padEnd(6)} ${text}`;
