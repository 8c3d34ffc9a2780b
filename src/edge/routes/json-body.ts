/** Parses the JSON body of a request before a route reads it. */
import { json, type RequestHandler } from 'express';

/** Any other content type leaves the body empty, and a form of another site with it. */
export function jsonBody(maxBytes: number): RequestHandler {
  return json({ limit: maxBytes, inflate: false, type: 'application/json' });
}
