/** Parses the JSON body of a request: before a route reads it, or inside a route that says itself what is wrong with it. */
import { json, type Request, type RequestHandler, type Response } from 'express';
import { bounded } from './bounded-body.js';

/** Any other content type leaves the body empty, and a form of another site with it. */
export function jsonBody(maxBytes: number): RequestHandler {
  return json({ limit: maxBytes, inflate: false, type: 'application/json' });
}

/** The body of a request that no parser has read; undefined for another content type. Rejects as the parser does, and as `bounded`. */
export function readJsonBody(request: Request, maxBytes: number): Promise<unknown> {
  const parse = bounded(jsonBody(maxBytes));
  return new Promise((resolve, reject) => {
    const finish = (error?: unknown) => (error === undefined ? resolve(request.body) : reject(error));
    parse(request, request.res as Response, finish); // Express sets it before any route
  });
}
