/** A target in words, for a person. */

/** `http://localhost:5173`, or `unix:/run/app.sock`: a socket has no origin. */
export function describeTarget(target: URL): string {
  return target.protocol === 'unix:' ? decodeURIComponent(target.href) : target.origin;
}
