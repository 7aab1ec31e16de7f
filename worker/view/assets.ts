/** Addresses of the page's files, each with a hash of its content in the name, as "/page-1a2b.js". */
export interface PageAssets {
  /** Of the page and of the frame. */
  script: string;
  style: string;
}
