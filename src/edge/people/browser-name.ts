/** What a person would call the browser of a request: known words only, of a header in which anything may stand. */

// The first that matches: most browsers name others, too.
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|Opera)\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium|HeadlessChrome)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPad\b/, 'iPad'],
  [/\biPhone\b/, 'iPhone'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'Mac'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

const MAX_READ_CHARS = 512;

/** As `Firefox, Linux`, by the `User-Agent` (RFC 9110 section 10.1.5), or `Another browser`. */
export function browserName(userAgent: string | undefined): string {
  const text = userAgent?.slice(0, MAX_READ_CHARS) ?? '';
  const find = (words: typeof BROWSERS) => words.find(([pattern]) => pattern.test(text))?.[1];
  const system = find(SYSTEMS);
  const browser = find(BROWSERS) ?? 'Another browser';
  return system === undefined ? browser : `${browser}, ${system}`;
}
