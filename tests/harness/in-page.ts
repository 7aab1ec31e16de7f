/// <reference lib="dom" />
/** Functions that run inside of a page, without access to the test. */

export function countPixels(element: Element, colour: string): number {
  const canvas = element as HTMLCanvasElement;
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at] === red && data[at + 1] === green && data[at + 2] === blue) found += 1;
  }
  return found;
}

/** Elements that overflow, out of more than `textsMin`, and the page itself when it overflows. */
export function findCutOff(textsMin: number): string[] {
  const texts = "[data-test=slice-header], .header-line, .subtitle-line, .subheader-line, th";
  const looked = [...document.querySelectorAll(texts)];
  const cut = looked.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1);
  const { scrollWidth, clientWidth } = document.documentElement;
  return [
    ...(looked.length < textsMin ? [`only ${looked.length} texts were looked at`] : []),
    ...cut.map(({ className, textContent }) => `${className}: ${textContent}`),
    ...(scrollWidth > clientWidth ? [`the page: ${scrollWidth} > ${clientWidth}`] : []),
  ];
}

/** What the page's own server answers at a path. */
export async function fetchText(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(path);
  return { status: response.status, text: await response.text() };
}
