/** The time as HTTP writes it (RFC 9110 section 5.6.7): one text for each second, because making it costs a microsecond. */

let second = 0;
let text = '';

export function httpDate(nowMs: number = Date.now()): string {
  const now = Math.floor(nowMs / 1_000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1_000).toUTCString();
  }
  return text;
}
