/** What is kept and handed around of the origin's answers. */

/** A summary that has passed the schema, as the JSON text that readers get. */
export interface SummaryText {
  text: string;
  /** Names the content: another summary, another tag. */
  tag: string;
}

/** The picture for links to the page, a PNG. */
export interface Preview {
  bytes: Uint8Array<ArrayBuffer>;
  tag: string;
}
